// Package hotseat talks to Hotseat: Claude Code as a service, over gRPC.
//
//	client, err := hotseat.NewClient("127.0.0.1:50051")
//	...
//	talk, err := client.Converse(ctx, &hotseatv1.OpenConversation{})
//	...
//	for event, err := range talk.Ask(ctx, hotseat.Text("What is a river?")) {
//		if err != nil {
//			return err
//		}
//		fmt.Print(event.GetTextDelta().GetText())
//	}
package hotseat
