import { createClient, type Client as ServiceClient } from "@connectrpc/connect";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Call } from "./call.js";
import { type ConnectionOptions, connectionTo } from "./connection.js";
import { OpenConversationSchema, type UserInput } from "./hotseat/v1/client_message_pb.js";
import { ConversationService } from "./hotseat/v1/conversation_service_pb.js";
import { ConversationSettingsSchema } from "./hotseat/v1/conversation_pb.js";
import { KeyService } from "./hotseat/v1/key_service_pb.js";
import { PoolService } from "./hotseat/v1/pool_service_pb.js";
import { Line } from "./line.js";
import { type Callbacks, Talk } from "./talk.js";
import { definitions } from "./tools.js";

/** How a conversation is opened: the fields of `OpenConversation`. */
export type Opening = MessageInitShape<typeof OpenConversationSchema>;

export interface ConverseOptions extends Callbacks {
  /** Said together with the opening, which saves a round trip; read it with `talk.turn`. */
  readonly first?: UserInput;
  /**
   * How long to try again where the connection breaks; nothing is lost or told twice then. Default 0: not at all. A
   * detachTimeout that is set is made as long at least, and counts for lost connections alone.
   */
  readonly resumeMs?: number;
  /** Ends the stream when it is aborted. */
  readonly signal?: AbortSignal;
}

/**
 * Talks to one core. It connects on first use and again where the connection broke; share it, and close it: an open
 * connection keeps the process alive.
 */
export class Client {
  /** ConversationService: list, read, delete, fork, export, import. */
  readonly conversations: ServiceClient<typeof ConversationService>;
  /** PoolService: see the pool, steer it, watch it. */
  readonly pool: ServiceClient<typeof PoolService>;
  /** KeyService: who calls, and the keys. */
  readonly keys: ServiceClient<typeof KeyService>;
  /** Closes the connection; calls that still run fail. */
  readonly close: () => void;

  constructor(target: string, options: ConnectionOptions = {}) {
    const { transport, close } = connectionTo(target, options);
    this.conversations = createClient(ConversationService, transport);
    this.pool = createClient(PoolService, transport);
    this.keys = createClient(KeyService, transport);
    this.close = close;
  }

  /** Open or attach to a conversation; close the talk to end the stream. */
  async converse(opening: Opening = {}, options: ConverseOptions = {}): Promise<Talk> {
    const { first, resumeMs = 0, signal } = options;
    signal?.throwIfAborted();
    const line = new Line(() => new Call(this.conversations), resumeMs);
    const cancel = () => line.cancel();
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      await line.open(complete(opening, first, options));
      return new Talk(line, options, () => signal?.removeEventListener("abort", cancel));
    } catch (error) {
      line.cancel();
      signal?.removeEventListener("abort", cancel);
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** The opening with what the options say: the first input, and the tools that this program runs. */
function complete(opening: Opening, first: UserInput | undefined, { tools = {} }: Callbacks): Opening {
  const whole = create(OpenConversationSchema, opening);
  const settings = create(ConversationSettingsSchema, whole.settings);
  const named = new Set(settings.tools.map(({ name }) => name));
  const added = definitions(tools).filter(({ name }) => !named.has(name));
  return {
    ...whole,
    ...(first && { firstInput: first }),
    ...(added.length > 0 && { settings: { ...settings, tools: [...settings.tools, ...added] } }),
  };
}
