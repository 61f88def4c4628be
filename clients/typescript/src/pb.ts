export * from "./hotseat/v1/client_message_pb.js";
export * from "./hotseat/v1/content_pb.js";
export * from "./hotseat/v1/conversation_pb.js";
export * from "./hotseat/v1/conversation_service_pb.js";
export * from "./hotseat/v1/error_pb.js";
export * from "./hotseat/v1/pool_service_pb.js";
export * from "./hotseat/v1/server_event_pb.js";
