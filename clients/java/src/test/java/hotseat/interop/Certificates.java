package hotseat.interop;

import hotseat.Client;
import io.grpc.TlsChannelCredentials;
import java.io.File;
import java.io.IOException;

/** How the runner shows who it is. */
final class Certificates {
  private Certificates() {}

  /** A client with a key. "uncertified": without a certificate of its own; "misled": trusting another CA. */
  static Client client(String target, String how) throws IOException {
    Client.Builder builder = Client.builder(target).apiKey(System.getenv("HOTSEAT_API_KEY"));
    if (System.getenv("HOTSEAT_CORE_CA") == null) {
      return builder.build();
    }
    TlsChannelCredentials.Builder tls = TlsChannelCredentials.newBuilder()
        .trustManager(file(how.equals("misled") ? "HOTSEAT_INTEROP_OTHER_CA" : "HOTSEAT_CORE_CA"));
    if (!how.equals("uncertified")) {
      tls.keyManager(file("HOTSEAT_CORE_CLIENT_CERT"), file("HOTSEAT_CORE_CLIENT_KEY"));
    }
    return builder.credentials(tls.build()).build();
  }

  private static File file(String variable) {
    return new File(System.getenv(variable));
  }
}
