package hotseat

import (
	"context"
	"io"
	"sync"

	"google.golang.org/grpc"

	"hotseat/hotseatv1"
)

type stream = grpc.BidiStreamingClient[hotseatv1.ConverseRequest, hotseatv1.ConverseResponse]

type openStream func(ctx context.Context, options ...grpc.CallOption) (stream, error)

type received struct {
	message *hotseatv1.ConverseResponse
	err     error // io.EOF: the server has ended the stream
}

// call is one Converse RPC. Its goroutine reads one message ahead, so that who waits for one can give up.
type call struct {
	stop     context.CancelFunc
	stream   stream
	incoming chan received
	sending  sync.Mutex // two sends at once on one stream are not allowed
	over     chan struct{}
	end      received // once over: how it ended
}

func newCall(ctx context.Context, open openStream) (*call, error) {
	ctx, stop := context.WithCancel(ctx)
	opened, err := open(ctx)
	if err != nil {
		stop()
		return nil, err
	}
	made := &call{stop: stop, stream: opened, incoming: make(chan received), over: make(chan struct{}), end: received{err: errOver}}
	go made.read(ctx)
	return made, nil
}

func (c *call) read(ctx context.Context) {
	defer close(c.over)
	for {
		message, err := c.stream.Recv()
		select {
		case c.incoming <- received{message, err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			c.end = received{err: err}
			return
		}
	}
}

// receive returns the next message; nil: the server has ended the stream.
func (c *call) receive(ctx context.Context) (*hotseatv1.ConverseResponse, error) {
	select {
	case next := <-c.incoming:
		return next.orNone()
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-c.over:
		return c.end.orNone()
	}
}

func (r received) orNone() (*hotseatv1.ConverseResponse, error) {
	if r.err == io.EOF {
		return nil, nil
	}
	return r.message, r.err
}

func (c *call) send(message *hotseatv1.ConverseRequest) error {
	return c.sendAll(func() []*hotseatv1.ConverseRequest { return []*hotseatv1.ConverseRequest{message} })
}

// sendAll sends what comes of prepare before everything that is sent after it.
func (c *call) sendAll(prepare func() []*hotseatv1.ConverseRequest) error {
	c.sending.Lock()
	defer c.sending.Unlock()
	for _, message := range prepare() {
		err := c.stream.Send(message)
		if err == io.EOF { // the stream has ended; who reads learns why
			return errOver
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *call) halfClose() error {
	c.sending.Lock()
	defer c.sending.Unlock()
	return c.stream.CloseSend()
}

// cancel ends the call at once.
func (c *call) cancel() { c.stop() }
