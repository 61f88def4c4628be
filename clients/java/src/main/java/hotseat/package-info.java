/** Talk to Hotseat: Claude Code as a service, over gRPC. Begin with {@link hotseat.Client}. */
package hotseat;
