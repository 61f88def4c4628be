// Command ask prints the answer to its arguments, as it is written.
package main

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"time"

	"hotseat"
	"hotseat/hotseatv1"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := ask(ctx, cmp.Or(strings.Join(os.Args[1:], " "), "What is a river?")); err != nil {
		log.Fatal(err)
	}
}

func ask(ctx context.Context, question string) error {
	target := cmp.Or(os.Getenv("HOTSEAT_CORE_TARGET"), "127.0.0.1:50051")
	client, err := hotseat.NewClient(target, hotseat.WithAPIKey(os.Getenv("HOTSEAT_API_KEY")))
	if err != nil {
		return err
	}
	defer client.Close()
	opening := &hotseatv1.OpenConversation{Settings: &hotseatv1.ConversationSettings{Profile: "claude"}}
	talk, err := client.Converse(ctx, opening, hotseat.WithResume(10*time.Second))
	if err != nil {
		return err
	}
	defer talk.Close()
	for event, err := range talk.Ask(ctx, hotseat.Text(question)) {
		if err != nil {
			return err
		}
		fmt.Print(event.GetTextDelta().GetText())
		if failed := hotseat.ErrorOf(event.GetTurnCompleted().GetError()); failed != nil {
			return failed
		}
	}
	fmt.Println()
	return nil
}
