package hotseat;

import hotseat.v1.DrainPoolRequest;
import hotseat.v1.EvictConversationRequest;
import hotseat.v1.GetPoolRequest;
import hotseat.v1.ListQueuedTurnsRequest;
import hotseat.v1.ListQueuedTurnsResponse;
import hotseat.v1.ListWorkersRequest;
import hotseat.v1.ListWorkersResponse;
import hotseat.v1.PoolServiceGrpc;
import hotseat.v1.PoolServiceGrpc.PoolServiceBlockingStub;
import hotseat.v1.ResizePoolRequest;
import hotseat.v1.ResumePoolRequest;
import hotseat.v1.WatchPoolRequest;
import hotseat.v1.WatchPoolResponse;
import io.grpc.Channel;
import java.time.Duration;

/** The operator's calls: see the pool, steer it, watch it. Whatever fails throws {@link HotseatException}. */
public final class Pool {
  private final Calls<PoolServiceBlockingStub> calls;

  Pool(Channel channel, Duration timeout) {
    calls = new Calls<>(PoolServiceGrpc.newBlockingStub(channel), timeout);
  }

  /** The pool's state, size and counters. */
  public hotseat.v1.Pool get() {
    return calls.call(stub -> stub.getPool(GetPoolRequest.getDefaultInstance())).getPool();
  }

  /** The first page of workers, the longest idle first. */
  public ListWorkersResponse workers() {
    return workers(ListWorkersRequest.getDefaultInstance());
  }

  /** One page of workers, the longest idle first. */
  public ListWorkersResponse workers(ListWorkersRequest request) {
    return calls.call(stub -> stub.listWorkers(request));
  }

  /** One page of the turns that wait for a worker, next first. */
  public ListQueuedTurnsResponse queuedTurns(ListQueuedTurnsRequest request) {
    return calls.call(stub -> stub.listQueuedTurns(request));
  }

  /** Take a conversation off its worker; the worker's id, empty if the conversation was cold already. */
  public String evict(String conversationId, boolean force) {
    var request = EvictConversationRequest.newBuilder().setConversationId(conversationId).setForce(force).build();
    return calls.call(stub -> stub.evictConversation(request)).getWorkerId();
  }

  /** Take no new turns, and let the running ones end. Returns at once; {@link #watch} tells when it is drained. */
  public hotseat.v1.Pool drain() {
    return drain(DrainPoolRequest.getDefaultInstance());
  }

  /** Take no new turns; those that still run after the request's grace are interrupted. */
  public hotseat.v1.Pool drain(DrainPoolRequest request) {
    return calls.call(stub -> stub.drainPool(request)).getPool();
  }

  /** Take turns again. */
  public hotseat.v1.Pool resume() {
    return calls.call(stub -> stub.resumePool(ResumePoolRequest.getDefaultInstance())).getPool();
  }

  /** Change the pool's bounds; unset fields stay. */
  public hotseat.v1.Pool resize(ResizePoolRequest request) {
    return calls.call(stub -> stub.resizePool(request)).getPool();
  }

  /** The pool and every worker, then what changes; it ends when the core stops. Close it to stop watching before that. */
  public Watch<WatchPoolResponse> watch(Duration minInterval) {
    var interval = com.google.protobuf.Duration.newBuilder()
        .setSeconds(minInterval.getSeconds())
        .setNanos(minInterval.getNano());
    var request = WatchPoolRequest.newBuilder().setMinInterval(interval).build();
    return calls.watch(stub -> stub.watchPool(request));
  }
}
