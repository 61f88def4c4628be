package hotseat;

import hotseat.v1.CreateKeyRequest;
import hotseat.v1.CreateKeyResponse;
import hotseat.v1.GetCallerRequest;
import hotseat.v1.GetCallerResponse;
import hotseat.v1.KeyServiceGrpc;
import hotseat.v1.KeyServiceGrpc.KeyServiceBlockingStub;
import hotseat.v1.ListKeysRequest;
import hotseat.v1.ListKeysResponse;
import hotseat.v1.RevokeKeyRequest;
import hotseat.v1.RevokeKeyResponse;
import hotseat.v1.UpdateKeyRequest;
import hotseat.v1.UpdateKeyResponse;
import io.grpc.Channel;
import java.time.Duration;

/** Who calls, and the keys. Whatever fails throws {@link HotseatException}. */
public final class Keys {
  private final Calls<KeyServiceBlockingStub> calls;

  Keys(Channel channel, Duration timeout) {
    calls = new Calls<>(KeyServiceGrpc.newBlockingStub(channel), timeout);
  }

  /** Who this client is to the core. */
  public GetCallerResponse caller() {
    return calls.call(stub -> stub.getCaller(GetCallerRequest.getDefaultInstance()));
  }

  /** Make a key. */
  public CreateKeyResponse create(CreateKeyRequest request) {
    return calls.call(stub -> stub.createKey(request));
  }

  /** The keys, revoked ones too, the oldest first. */
  public ListKeysResponse list(ListKeysRequest request) {
    return calls.call(stub -> stub.listKeys(request));
  }

  /** Change a key: what the request does not say stays. */
  public UpdateKeyResponse update(UpdateKeyRequest request) {
    return calls.call(stub -> stub.updateKey(request));
  }

  /** Let a key open nothing any more. */
  public RevokeKeyResponse revoke(RevokeKeyRequest request) {
    return calls.call(stub -> stub.revokeKey(request));
  }
}
