package hotseat

import (
	"context"
	"crypto/tls"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
)

type clientOptions struct {
	apiKey          string
	tls             *tls.Config
	callTimeout     time.Duration
	connectTimeout  time.Duration
	keepalive       time.Duration
	maxMessageBytes int
	dial            []grpc.DialOption
}

// Option changes how a Client connects.
type Option func(*clientOptions)

// WithAPIKey sends "authorization: Bearer <key>" with every call.
func WithAPIKey(key string) Option { return func(o *clientOptions) { o.apiKey = key } }

// WithTLS encrypts the connection; an empty config trusts the system's authorities.
func WithTLS(config *tls.Config) Option { return func(o *clientOptions) { o.tls = config } }

// WithCallTimeout bounds calls that are no streams and whose context has no deadline. Default 30 s.
func WithCallTimeout(timeout time.Duration) Option {
	return func(o *clientOptions) { o.callTimeout = timeout }
}

// WithMaxMessageBytes bounds a message either way. Default 64 MiB.
func WithMaxMessageBytes(bytes int) Option {
	return func(o *clientOptions) { o.maxMessageBytes = bytes }
}

// WithDialOptions passes gRPC's own options on; they win over this package's.
func WithDialOptions(options ...grpc.DialOption) Option {
	return func(o *clientOptions) { o.dial = append(o.dial, options...) }
}

func (o *clientOptions) dialOptions() []grpc.DialOption {
	security := insecure.NewCredentials()
	if o.tls != nil {
		security = credentials.NewTLS(o.tls)
	}
	return append([]grpc.DialOption{
		grpc.WithTransportCredentials(security),
		// A core is reached directly, whatever HTTP_PROXY says about the web.
		grpc.WithNoProxy(),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: o.keepalive, Timeout: 10 * time.Second}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
			MinConnectTimeout: o.connectTimeout,
		}),
		grpc.WithDefaultCallOptions(
			grpc.MaxCallRecvMsgSize(o.maxMessageBytes),
			grpc.MaxCallSendMsgSize(o.maxMessageBytes),
		),
		grpc.WithChainUnaryInterceptor(o.unary),
		grpc.WithChainStreamInterceptor(o.stream),
	}, o.dial...)
}

func (o *clientOptions) unary(
	ctx context.Context, method string, request, reply any, connection *grpc.ClientConn,
	invoke grpc.UnaryInvoker, options ...grpc.CallOption,
) error {
	bounded := o.withKey(ctx)
	if _, hasDeadline := ctx.Deadline(); !hasDeadline && o.callTimeout > 0 {
		var cancel context.CancelFunc
		bounded, cancel = context.WithTimeout(bounded, o.callTimeout)
		defer cancel()
	}
	return typed(ctx, invoke(bounded, method, request, reply, connection, options...))
}

func (o *clientOptions) stream(
	ctx context.Context, description *grpc.StreamDesc, connection *grpc.ClientConn, method string,
	open grpc.Streamer, options ...grpc.CallOption,
) (grpc.ClientStream, error) {
	stream, err := open(o.withKey(ctx), description, connection, method, options...)
	if err != nil {
		return nil, typed(ctx, err)
	}
	return &typedStream{stream}, nil
}

func (o *clientOptions) withKey(ctx context.Context) context.Context {
	if o.apiKey == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+o.apiKey)
}

// typedStream is a stream whose failures are Errors.
type typedStream struct{ grpc.ClientStream }

func (s *typedStream) RecvMsg(message any) error {
	return typed(s.Context(), s.ClientStream.RecvMsg(message))
}

func (s *typedStream) SendMsg(message any) error {
	return typed(s.Context(), s.ClientStream.SendMsg(message))
}
