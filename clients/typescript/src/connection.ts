import { connect as connectSocket } from "node:net";
import type { SecureClientSessionOptions } from "node:http2";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import type { Interceptor, StreamResponse, Transport, UnaryResponse } from "@connectrpc/connect";
import type { DescMessage } from "@bufbuild/protobuf";
import { HotseatError } from "./errors.js";

/** Certificates, as Node's `tls.connect` takes them. An empty object: TLS with the system's authorities. */
export type TlsOptions = Pick<SecureClientSessionOptions, "ca" | "cert" | "key" | "passphrase" | "servername">;

export interface ConnectionOptions {
  /** Sent with every call, as "authorization: Bearer <key>". */
  readonly apiKey?: string | undefined;
  /** Set: the connection is encrypted. */
  readonly tls?: TlsOptions | undefined;
  /** Bounds a call that is no stream. Default 30 s. */
  readonly callTimeoutMs?: number | undefined;
  /** The largest message either way. Default 64 MiB. */
  readonly maxMessageBytes?: number | undefined;
  /** How often a silent connection is tried. Default 30 s. */
  readonly keepaliveMs?: number | undefined;
}

/** What carries the calls, and what closes it. */
export interface Connection {
  readonly transport: Transport;
  close(): void;
}

/** A connection to "127.0.0.1:50051" or "unix:/run/hotseat/core.sock"; it connects on first use, and again if need be. */
export function connectionTo(target: string, options: ConnectionOptions = {}): Connection {
  const { apiKey, tls, callTimeoutMs = 30_000, maxMessageBytes = 64 * 2 ** 20, keepaliveMs = 30_000 } = options;
  const path = target.startsWith("unix:") ? target.slice("unix:".length) : undefined;
  const baseUrl = `${tls ? "https" : "http"}://${path === undefined ? target : "localhost"}`;
  const sessionManager = new Http2SessionManager(
    baseUrl,
    { pingIntervalMs: keepaliveMs, pingTimeoutMs: 10_000 },
    path === undefined ? { ...tls } : { ...tls, createConnection: () => connectSocket(path) },
  );
  const transport = createGrpcTransport({
    baseUrl,
    sessionManager,
    defaultTimeoutMs: callTimeoutMs,
    readMaxBytes: maxMessageBytes,
    writeMaxBytes: maxMessageBytes,
    interceptors: apiKey === undefined ? [] : [withKey(apiKey)],
  });
  return { transport: withTypedErrors(transport), close: () => sessionManager.abort() };
}

function withKey(apiKey: string): Interceptor {
  return (next) => (request) => {
    request.header.set("authorization", `Bearer ${apiKey}`);
    return next(request);
  };
}

/** The same transport, whose calls throw HotseatError. */
function withTypedErrors(inner: Transport): Transport {
  return {
    async unary<I extends DescMessage, O extends DescMessage>(
      ...call: Parameters<typeof inner.unary<I, O>>
    ): Promise<UnaryResponse<I, O>> {
      try {
        return await inner.unary(...call);
      } catch (error) {
        throw HotseatError.from(error);
      }
    },
    async stream<I extends DescMessage, O extends DescMessage>(
      ...[method, signal, timeoutMs, ...rest]: Parameters<typeof inner.stream<I, O>>
    ): Promise<StreamResponse<I, O>> {
      try {
        // A stream lasts for as long as both want: the default timeout is for the other calls.
        const response = await inner.stream(method, signal, timeoutMs ?? 0, ...rest);
        return { ...response, message: typed(response.message) };
      } catch (error) {
        throw HotseatError.from(error);
      }
    },
  };
}

async function* typed<T>(messages: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* messages;
  } catch (error) {
    throw HotseatError.from(error);
  }
}
