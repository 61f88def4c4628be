export { Code } from "@connectrpc/connect";
export { Client, type ConverseOptions, type Opening } from "./client.js";
export type { ConnectionOptions, TlsOptions } from "./connection.js";
export { HotseatError } from "./errors.js";
export { CODES, type Reason } from "./reasons.js";
export {
  type AskOptions,
  type Callbacks,
  type Decision,
  type OnPermission,
  Talk,
  userInput,
} from "./talk.js";
export type { Content, Tool, Tools } from "./tools.js";
/** Every message and enum of hotseat.v1, and their schemas. */
export * as pb from "./pb.js";
