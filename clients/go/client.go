package hotseat

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"hotseat/hotseatv1"
)

// Client talks to one core. It connects on first use, fails fast where the core is away, and connects again by itself.
// Any number of goroutines may share it. Calls that fail return an *Error, or the error of their context.
type Client struct {
	// Conversations lists, reads, deletes, forks, exports and imports conversations.
	Conversations hotseatv1.ConversationServiceClient
	// Pool sees, steers and watches the pool.
	Pool hotseatv1.PoolServiceClient
	// Keys tells who calls, and keeps the keys.
	Keys hotseatv1.KeyServiceClient

	connection *grpc.ClientConn
}

// NewClient returns a client of the core at "127.0.0.1:50051" or "unix:/run/hotseat/core.sock", for example.
func NewClient(target string, options ...Option) (*Client, error) {
	settings := &clientOptions{
		callTimeout:     30 * time.Second,
		connectTimeout:  time.Second,
		keepalive:       30 * time.Second,
		maxMessageBytes: 64 << 20,
	}
	for _, option := range options {
		option(settings)
	}
	connection, err := grpc.NewClient(target, settings.dialOptions()...)
	if err != nil {
		return nil, err
	}
	return &Client{
		Conversations: hotseatv1.NewConversationServiceClient(connection),
		Pool:          hotseatv1.NewPoolServiceClient(connection),
		Keys:          hotseatv1.NewKeyServiceClient(connection),
		connection:    connection,
	}, nil
}

// Close ends the connection; calls that still run fail.
func (c *Client) Close() error { return c.connection.Close() }

type talkOptions struct {
	first        *hotseatv1.UserInput
	resume       time.Duration
	tools        []Tool
	onPermission OnPermission
}

// TalkOption changes how a conversation is carried.
type TalkOption func(*talkOptions)

// WithFirst says this together with the opening, which saves a round trip; read it with Talk.Turn.
func WithFirst(input *hotseatv1.UserInput) TalkOption {
	return func(o *talkOptions) { o.first = identified(input) }
}

// WithResume makes a broken connection again for that long; nothing is lost or told twice then. A detach_timeout that is
// set is made as long at least, and counts for lost connections alone.
func WithResume(patience time.Duration) TalkOption {
	return func(o *talkOptions) { o.resume = patience }
}

// WithTools offers tools to the model that this program runs.
func WithTools(tools ...Tool) TalkOption {
	return func(o *talkOptions) { o.tools = append(o.tools, tools...) }
}

// WithPermission decides on permission requests.
func WithPermission(decide OnPermission) TalkOption {
	return func(o *talkOptions) { o.onPermission = decide }
}

// Converse opens or attaches to a conversation. The stream lives until Close, or until ctx is done; what then becomes of
// a turn that still runs is opening.DetachTimeout's to say.
func (c *Client) Converse(
	ctx context.Context, opening *hotseatv1.OpenConversation, options ...TalkOption,
) (*Talk, error) {
	settings := &talkOptions{}
	for _, option := range options {
		option(settings)
	}
	whole, err := settings.complete(opening)
	if err != nil {
		return nil, err
	}
	line := newLine(ctx, c.Conversations.Converse, settings.resume)
	if err := line.open(ctx, whole); err != nil {
		line.cancel()
		return nil, err
	}
	return newTalk(line, settings), nil
}

// complete is the opening with what the options say.
func (o *talkOptions) complete(opening *hotseatv1.OpenConversation) (*hotseatv1.OpenConversation, error) {
	whole := &hotseatv1.OpenConversation{}
	if opening != nil {
		whole = proto.CloneOf(opening)
	}
	if o.first != nil {
		whole.FirstInput = o.first
	}
	if len(o.tools) == 0 {
		return whole, nil
	}
	if whole.Settings == nil {
		whole.Settings = &hotseatv1.ConversationSettings{}
	}
	defined, err := definitions(o.tools, whole.Settings.Tools)
	whole.Settings.Tools = defined
	return whole, err
}
