package hotseat;

import hotseat.v1.ConversationServiceGrpc;
import hotseat.v1.OpenConversation;
import io.grpc.ChannelCredentials;
import io.grpc.ClientInterceptor;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.TlsChannelCredentials;
import io.grpc.stub.MetadataUtils;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Talks to one core. It connects on first use, and again where the connection broke. Any number of threads may share it;
 * whatever fails throws {@link HotseatException}.
 */
public final class Client implements AutoCloseable {
  private static final long PARTING_MS = 1000;

  private final ManagedChannel channel;
  private final ExecutorService executor = Executors.newCachedThreadPool(Client::callbackThread);
  private final Conversations conversations;
  private final Pool pool;
  private final Keys keys;

  /** A client of the core at "127.0.0.1:50051", for example. */
  public Client(String target) {
    this(builder(target));
  }

  private Client(Builder settings) {
    List<ClientInterceptor> interceptors = new ArrayList<>();
    if (!settings.apiKey.isEmpty()) {
      Metadata headers = new Metadata();
      headers.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + settings.apiKey);
      interceptors.add(MetadataUtils.newAttachHeadersInterceptor(headers));
    }
    channel = Grpc.newChannelBuilder(settings.target, settings.credentials)
        .maxInboundMessageSize(settings.maxMessageBytes)
        .keepAliveTime(settings.keepalive.toMillis(), TimeUnit.MILLISECONDS)
        .keepAliveTimeout(10, TimeUnit.SECONDS)
        .proxyDetector(address -> null) // a core is reached directly, whatever the web's proxy is
        .intercept(interceptors)
        .build();
    conversations = new Conversations(channel, settings.callTimeout);
    pool = new Pool(channel, settings.callTimeout);
    keys = new Keys(channel, settings.callTimeout);
  }

  /** A client with other settings. */
  public static Builder builder(String target) {
    return new Builder(target);
  }

  /** List, read, delete and fork conversations. */
  public Conversations conversations() {
    return conversations;
  }

  /** See the pool, steer it, watch it. */
  public Pool pool() {
    return pool;
  }

  /** Who calls, and the keys. */
  public Keys keys() {
    return keys;
  }

  /** Open or attach to a conversation; closing the talk ends the stream. */
  public Talk converse(OpenConversation opening) {
    return converse(opening, new TalkOptions());
  }

  /** Open or attach to a conversation; closing the talk ends the stream. */
  public Talk converse(OpenConversation opening, TalkOptions options) {
    Toolbox tools = new Toolbox(options.tools, executor);
    OpenConversation whole = tools.define(opening);
    if (options.first != null) {
      whole = whole.toBuilder().setFirstInput(options.first).build();
    }
    Line line = new Line(this::newCall, options.patience);
    line.open(whole);
    return new Talk(line, tools, options.onPermission, executor);
  }

  private ConverseCall newCall() {
    channel.resetConnectBackoff(); // whoever tries again has waited already
    return new ConverseCall(ConversationServiceGrpc.newStub(channel));
  }

  /** End the connection; calls that still run fail. */
  @Override
  public void close() {
    channel.shutdownNow();
    executor.shutdownNow();
    try {
      channel.awaitTermination(PARTING_MS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static Thread callbackThread(Runnable work) {
    Thread thread = new Thread(work, "hotseat callback");
    thread.setDaemon(true);
    return thread;
  }

  /** Settings of a client. */
  public static final class Builder {
    private final String target;
    private String apiKey = "";
    private ChannelCredentials credentials = InsecureChannelCredentials.create();
    private Duration callTimeout = Duration.ofSeconds(30);
    private Duration keepalive = Duration.ofSeconds(30);
    private int maxMessageBytes = 64 << 20;

    private Builder(String target) {
      this.target = target;
    }

    /** Sent with every call, as "authorization: Bearer ...". */
    public Builder apiKey(String key) {
      apiKey = key;
      return this;
    }

    /** Encrypt the connection; the system's authorities are trusted. */
    public Builder tls() {
      return credentials(TlsChannelCredentials.create());
    }

    /** Encrypt the connection with certificates of your own, for example. */
    public Builder credentials(ChannelCredentials credentials) {
      this.credentials = credentials;
      return this;
    }

    /** Bounds every call that is no stream. Default 30 s. */
    public Builder callTimeout(Duration timeout) {
      callTimeout = timeout;
      return this;
    }

    /** How often a silent connection is tried. Default 30 s. */
    public Builder keepalive(Duration interval) {
      keepalive = interval;
      return this;
    }

    /** The largest message that is taken. Default 64 MiB. */
    public Builder maxMessageBytes(int bytes) {
      maxMessageBytes = bytes;
      return this;
    }

    /** The client. It connects on first use. */
    public Client build() {
      return new Client(this);
    }
  }
}
