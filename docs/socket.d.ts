// Hornero 0.1.0: the events of Socket.IO.
// Generated from the types of the server: do not edit.
//
//   import { io, type Socket } from "socket.io-client";
//   import type { ClientToServerEvents, ServerToClientEvents } from "./socket";
//
//   const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io(url);

/** What clients send. */
export interface ClientToServerEvents {
  /** For: public. */
  "auth:refresh": (payload: Payload<"auth:refresh", RenewSocket>, ack: (answer: Ack<SocketRenewed>) => void) => void;
  /** For: chat. The answer is also sent as `chat:room:created`. */
  "chat:room:create": (payload: Payload<"chat:room:create", CreateRoom>, ack: (answer: Ack<RoomCreated>) => void) => void;
  /** For: chat. The answer is also sent as `chat:room:joined`. */
  "chat:room:join": (payload: Payload<"chat:room:join", JoinRoom>, ack: (answer: Ack<RoomJoined>) => void) => void;
  /** For: chat. The answer is also sent as `chat:room:left`. */
  "chat:room:leave": (payload: Payload<"chat:room:leave", RoomReference>, ack: (answer: Ack<RoomLeft>) => void) => void;
  /** For: chat. */
  "chat:message:read": (payload: Payload<"chat:message:read", RoomReference & ReadMessages>, ack: (answer: Ack<MessageRead>) => void) => void;
  /** For: chat. The answer is also sent as `session_joined`. */
  "join_session": (payload: Payload<"join_session", JoinSession>, ack: (answer: Ack<SessionJoined>) => void) => void;
  /** For: chat. The answer is also sent as `session_left`. */
  "leave_session": (payload: Payload<"leave_session", SessionReference>, ack: (answer: Ack<SessionLeft>) => void) => void;
  /** For: chat. The answer is also sent as `session_info`. */
  "get_session_info": (payload: Payload<"get_session_info", SessionReference>, ack: (answer: Ack<SessionInfo>) => void) => void;
  /** For: chat. */
  "chat:message:send": (payload: Payload<"chat:message:send", ToRoom & SendMessage>, ack: (answer: Ack<MessageView>) => void) => void;
  /** For: chat. */
  "chat:message:edit": (payload: Payload<"chat:message:edit", OfMessage & EditMessage>, ack: (answer: Ack<MessageView>) => void) => void;
  /** For: chat. */
  "chat:message:delete": (payload: Payload<"chat:message:delete", OfMessage>, ack: (answer: Ack<MessageDeleted>) => void) => void;
  /** For: chat. */
  "chat:typing:start": (payload: Payload<"chat:typing:start", ToRoom>, ack?: (answer: Ack<null>) => void) => void;
  /** For: chat. */
  "chat:typing:stop": (payload: Payload<"chat:typing:stop", ToRoom>, ack?: (answer: Ack<null>) => void) => void;
  /** For: chat. */
  "send_message": (payload: Payload<"send_message", ToSession & SendMessage>, ack: (answer: Ack<SessionMessageView>) => void) => void;
  /** For: chat. */
  "typing": (payload: Payload<"typing", SetTyping>, ack?: (answer: Ack<null>) => void) => void;
  /** For: chat. */
  "chat:file:upload": (payload: Payload<"chat:file:upload", UploadFile>, ack: (answer: Ack<FileAccepted>) => void) => void;
  /** For: chat. The answer is also sent as `chat:escalation:created`. */
  "chat:escalation:create": (payload: Payload<"chat:escalation:create", EscalateRoom>, ack: (answer: Ack<EscalationCreated>) => void) => void;
  /** For: chat. */
  "chat:robot:interact": (payload: Payload<"chat:robot:interact", InteractWithRobot>, ack: (answer: Ack<RobotAsked>) => void) => void;
}

/** What clients hear. */
export interface ServerToClientEvents {
  "assistant_delta": (data: Sent<AssistantDelta> | Sent<AssistantFailed>) => void;
  "chat:conversation:cleared": (data: Sent<ConversationCleared>) => void;
  "chat:error": (data: ErrorObject) => void;
  "chat:escalation:created": (data: Reply<EscalationCreated>) => void;
  "chat:file:uploaded": (data: Sent<FileUploaded>) => void;
  "chat:message:deleted": (data: Sent<MessageDeleted>) => void;
  "chat:message:read": (data: Sent<MessageRead>) => void;
  "chat:message:received": (data: Sent<MessageView>) => void;
  "chat:message:updated": (data: Sent<MessageUpdated>) => void;
  "chat:robot:response": (data: Sent<RobotDelta> | Sent<RobotAnswered> | Sent<RobotFailed>) => void;
  "chat:room:created": (data: Reply<RoomCreated>) => void;
  "chat:room:joined": (data: Reply<RoomJoined>) => void;
  "chat:room:left": (data: Sent<RoomLeft> | Reply<RoomLeft>) => void;
  "chat:system:notification": (data: Sent<Welcome> | Sent<Maintenance> | Sent<MovementNotification> | Sent<HistoryGapNotification> | Sent<CrowdNotification> | Sent<PresenceNotification> | Sent<EscalationStepped>) => void;
  "chat:user:typing": (data: Sent<RoomTyping>) => void;
  "conversation_cleared": (data: Sent<SessionCleared>) => void;
  "error": (data: ErrorObject) => void;
  "message_deleted": (data: Sent<SessionMessageDeleted>) => void;
  "message_updated": (data: Sent<SessionMessageUpdated>) => void;
  "new_message": (data: Sent<SessionMessageView>) => void;
  "session_info": (data: Reply<SessionInfo>) => void;
  "session_joined": (data: Reply<SessionJoined>) => void;
  "session_left": (data: Sent<SessionLeft> | Reply<SessionLeft>) => void;
  "user_joined": (data: Sent<UserJoined>) => void;
  "user_left": (data: Sent<UserLeft>) => void;
  "user_typing": (data: Sent<SessionTyping>) => void;
}

/** The bare data, or an envelope around it, whose `requestId` comes back in the answers. */
export type Payload<Name extends string, Data> =
  | Data
  | { event?: Name; data: Data; requestId?: string; version?: string };

/** What the server acknowledges an event with. */
export type Ack<Data> =
  | { status: "ok"; data: Data; requestId?: string }
  | { status: "error"; error: ErrorObject; requestId?: string };

/** An event of the server. */
export type Sent<Data> = Data & { version: "1.0" };

/** The answer to an event, as an event. */
export type Reply<Data> = Data & { version: "1.0"; requestId?: string };

/** A part of an answer, in the session vocabulary. `new_message` tells all of it at the end. */
export interface AssistantDelta {
  sessionId: ConversationId;
  /** The message that the answer becomes. */
  messageId: MessageId;
  /** 0, 1, 2. */
  index: number;
  delta: string;
}

/** There is no answer, or not all of it, in the session vocabulary. */
export interface AssistantFailed {
  sessionId: ConversationId;
  /** The message that it would have become. What has come is one, if something has. */
  messageId: MessageId;
  done: boolean;
  error: RobotErrorView;
}

/** Bytes, which are a binary part of the packet. */
export type Binary = ArrayBuffer | Uint8Array;

/** All messages up to `throughSeq` were taken back, in the chat vocabulary. */
export interface ConversationCleared {
  roomId: ConversationId;
  throughSeq: number;
  eventSeq: number;
  clearedBy: UserId;
}

/** Identifies a conversation: a room, a session. */
export type ConversationId = string;

/** Body of `POST /rooms`, and payload of `chat:room:create`. */
export interface CreateRoom {
  /** 1 to 100 characters. */
  name: string;
  /** Default public. */
  visibility?: Visibility;
  /** An object of at most 16 KiB and 8 levels. Default empty. */
  metadata?: Record<string, unknown>;
}

export type CrowdKind = "presence";

/**
 * Who has come, gone and typed lately in a conversation of more than 200 sockets, at most once a
 * second.
 */
export interface CrowdNotification {
  type: CrowdKind;
  roomId?: ConversationId | null;
  sessionId?: ConversationId | null;
  /** How many users listen. */
  online: number;
  /** Users who were not there before, at most 20. */
  joined: Array<UserId>;
  /** Users who are not there any more, at most 20. */
  left: Array<UserId>;
  /** Users who type, at most 20. Who is not named again in 10 seconds has stopped. */
  typing: Array<UserId>;
}

/** Which way a user goes. */
export type Direction = "user_joined" | "user_left";

/**
 * Body of `PUT /chat/messages/{id}`: content, metadata, or both. What is left out stays as
 * it is.
 */
export interface EditMessage {
  /** 1 to 10,000 Unicode scalar values, after line ends have become LF; of type graph, an object of at most 16 KiB and 8 levels. */
  content?: string | Record<string, unknown>;
  /** An object of at most 16 KiB and 8 levels. */
  metadata?: Record<string, unknown>;
}

/** What is known of a refusal, for programs. Each kind of refusal may add keys of its own. */
export interface ErrorDetails {
  /** The field at fault, as it stands on the wire: `metadata.fileId`. */
  field?: string;
  /** The rule that the field breaks: `required`, `length`. */
  rule?: string;
  /** Every field at fault; the first one is repeated above. */
  fields?: Array<FieldError>;
  /** Why the state of things does not allow it: `session_closed`. */
  reason?: string;
  /** Milliseconds after which to try again. */
  retryAfterMs?: number;
  [key: string]: unknown;
}

/** Why an event was refused. */
export interface ErrorObject {
  /** For programs. */
  code: "AUTH_FAILED" | "CLIENT_ERROR" | "PERMISSION_DENIED" | "PROTOCOL_ERROR" | "RATE_LIMITED" | "ROOM_ACCESS_DENIED" | "SERVER_ERROR";
  /** For people. It repeats nothing that was sent. */
  message: string;
  details?: ErrorDetails;
  /** Whether the client may go on and try again. */
  recoverable: boolean;
  /** The `requestId` of the envelope, if there was one. */
  requestId?: string;
  /** Version of the contract. */
  version: "1.0";
}

/** Payload of `chat:escalation:create`. */
export interface EscalateRoom {
  /** The room, or any other conversation. */
  roomId: ConversationId;
  /** 1 to 500 characters. */
  reason: string;
  /** Default normal. */
  priority?: EscalationPriority;
}

/** A conversation needs a supervisor. Also the ack of `chat:escalation:create`. */
export interface EscalationCreated {
  escalation: EscalationView;
}

/** Identifies an escalation. */
export type EscalationId = string;

/** How soon somebody should look. */
export type EscalationPriority = "low" | "normal" | "high" | "urgent";

/** How far an escalation is. */
export type EscalationStatus = "open" | "claimed" | "resolved";

export type EscalationStep = "escalation_claimed" | "escalation_resolved";

/** A supervisor has taken an escalation, or is done with it. */
export interface EscalationStepped {
  type: EscalationStep;
  escalation: EscalationView;
}

/** An escalation, as clients see it. */
export interface EscalationView {
  id: EscalationId;
  conversationId: ConversationId;
  /** The conversation, if that is a room. */
  roomId?: ConversationId;
  /** The conversation, if that is a session. */
  sessionId?: ConversationId;
  /** Who has asked for a supervisor. */
  createdBy: UserId;
  reason: string;
  priority: EscalationPriority;
  status: EscalationStatus;
  /** Who has taken it. */
  claimedBy?: UserId;
  claimedAt?: string;
  /** Who has said that it is done. */
  resolvedBy?: UserId;
  resolvedAt?: string;
  createdAt: string;
}

export type Farewell = "maintenance";

/** One entry of `details.fields`. */
export interface FieldError {
  /** Path of the field as it stands on the wire, e.g. `metadata.fileId`. */
  field: string;
  /** The rule that it breaks. */
  rule: string;
  /** What it must be, for people. */
  message: string;
  /** What it may be, where there is a list. */
  allowed_values?: Array<string>;
}

/** Answer to `chat:file:upload`. */
export interface FileAccepted {
  /** The file, which is stored. */
  fileId: FileId;
  /** `batch-delay`: it is looked through before others see it. */
  deliveryStatus: string;
}

/** Identifies a file. */
export type FileId = string;

/** A file may be read, and a message tells of it. */
export interface FileUploaded {
  file: FileView;
  messageId: MessageId;
}

/** A file. */
export interface FileView {
  id: FileId;
  /** 1 to 255 bytes, without a path and control characters. */
  name: string;
  /** In bytes. */
  size: number;
  /** What its content shows it to be. */
  contentType: string;
  /** Of its bytes, in hexadecimal. */
  sha256: string;
  conversationId: ConversationId;
}

/** How a message's content is to be read. */
export type Formatting = "plain" | "markdown" | "html";

export type GapKind = "history_gap";

export type Greeting = "welcome";

/** The events `fromSeq` to `toSeq` are not sent again. */
export interface HistoryGapNotification {
  type: GapKind;
  roomId?: ConversationId | null;
  sessionId?: ConversationId | null;
  fromSeq: number;
  /** Less than `fromSeq` where everything that is left is sent. */
  toSeq: number;
  /** Forget what you know of the conversation: its log has begun anew. */
  reset?: boolean;
}

/** Payload of `chat:robot:interact`. */
export interface InteractWithRobot {
  /** The room, or any other conversation. */
  roomId: ConversationId;
  /** 1 to 10,000 Unicode scalar values, after line ends have become LF. */
  prompt: string;
  /** Name of the robot. Default the one that is configured. */
  robotId?: string | null;
}

/** Payload of `chat:room:join`. */
export interface JoinRoom {
  /** The room, or any other conversation. */
  roomId: ConversationId;
  /** The highest `eventSeq` that the client has seen: later events are sent again. */
  lastSeq?: number | null;
  /** The `epoch` to which `lastSeq` belongs, if the client knows it. */
  epoch?: string | null;
}

/** Payload of `join_session`. */
export interface JoinSession {
  /** The session, or any other conversation. */
  sessionId: ConversationId;
  /** The highest `eventSeq` that the client has seen: later events are sent again. */
  lastSeq?: number | null;
  /** The `epoch` to which `lastSeq` belongs, if the client knows it. */
  epoch?: string | null;
}

export interface JoinedMemberView {
  userId: UserId;
  displayName: string;
  role: string;
  online: boolean;
}

/** Why a socket does not hear a conversation any more. */
export type LeftReason = "left" | "removed" | "deleted" | "permission";

/** Says that the server stops. The connection ends behind it. */
export interface Maintenance {
  type: Farewell;
  reconnectInMs: number;
}

/** A message was taken back, in the chat vocabulary. */
export interface MessageDeleted {
  roomId: ConversationId;
  messageId: MessageId;
  seq: number;
  eventSeq: number;
  deletedBy: UserId;
  deletedAt: string;
}

/** Identifies a message. */
export type MessageId = string;

/** Somebody has read all messages up to `seq`. */
export interface MessageRead {
  roomId: ConversationId;
  userId: UserId;
  seq: number;
}

/** As what somebody speaks. */
export type MessageRole = "user" | "assistant" | "system";

/** What kind of message it is. */
export type MessageType = "chat" | "graph" | "robot" | "system" | "file" | "image";

/** A message was changed, in the chat vocabulary: the message as it is now. */
export type MessageUpdated = MessageView;

/** A message, as REST and the chat vocabulary show it. */
export interface MessageView {
  id: MessageId;
  conversationId: ConversationId;
  /** The conversation, if that is a room. */
  roomId?: ConversationId;
  /** The conversation, if that is a session. */
  sessionId?: ConversationId;
  seq: number;
  eventSeq: number;
  senderId: UserId;
  role: MessageRole;
  type: MessageType;
  /** An object where the type is graph, else text. */
  content: string | Record<string, unknown>;
  formatting: Formatting;
  metadata: Record<string, unknown>;
  clientMessageId: string | null;
  deliveryStatus: string;
  /** When the server stored it. */
  timestamp: string;
  /** When its sender changed it last. */
  editedAt?: string;
  /** When it was taken back: then it says nothing. */
  deletedAt?: string;
}

/** A user comes or goes, in the chat vocabulary. */
export interface MovementNotification {
  type: Direction;
  roomId: ConversationId;
  userId: UserId;
}

/** The part of an event's payload that names the message. What is to be changed is the rest. */
export interface OfMessage {
  messageId: MessageId;
}

export type OnlineStatus = "online" | "offline";

export interface ParticipantView {
  userId: UserId;
  displayName: string;
  online: boolean;
}

export type PresenceKind = "presence_changed";

/** Somebody who shares a conversation with the socket has come online, or is gone. */
export interface PresenceNotification {
  type: PresenceKind;
  userId: UserId;
  status: OnlineStatus;
}

/** Body of `POST /rooms/{roomId}/read`, and part of the payload of `chat:message:read`. */
export interface ReadMessages {
  /** The `eventSeq` up to which the caller has read. */
  seq: number;
}

/** Payload of `auth:refresh`. */
export interface RenewSocket {
  /** An access token of the same user, with or without `Bearer `; 1 to 8,192 characters. */
  token: string;
}

/** An answer is there, in the chat vocabulary. `chat:message:received` has told it before. */
export interface RobotAnswered {
  roomId: ConversationId;
  messageId: MessageId;
  done: boolean;
  content: string;
}

/** Ack of `chat:robot:interact`: the prompt is stored, and the robot begins to answer. */
export interface RobotAsked {
  roomId: ConversationId;
  /** The message that the answer becomes. */
  messageId: MessageId;
  /** The caller's message. */
  promptId: MessageId;
  /** Name of the robot. */
  robotId: string;
}

export type RobotDeliveryStatus = "streaming";

/** A part of an answer, in the chat vocabulary. */
export interface RobotDelta {
  roomId: ConversationId;
  /** The message that the answer becomes. */
  messageId: MessageId;
  /** 0, 1, 2. */
  index: number;
  delta: string;
  deliveryStatus: RobotDeliveryStatus;
}

export interface RobotErrorDetails {
  /** Milliseconds after which to try again. */
  retryAfterMs: number;
}

/** Why there is no answer, or not all of it. */
export interface RobotErrorView {
  /** For programs, as in `chat:error`. */
  code: string;
  /** For people. */
  message: string;
  /** Whether to ask again may help. */
  recoverable: boolean;
  details?: RobotErrorDetails;
}

/** There is no answer, or not all of it, in the chat vocabulary. */
export interface RobotFailed {
  roomId: ConversationId;
  /** The message that it would have become. What has come is one, if something has. */
  messageId: MessageId;
  done: boolean;
  error: RobotErrorView;
}

/** `chat:room:created`, and the ack of `chat:room:create`. */
export interface RoomCreated {
  room: RoomView;
}

/** `chat:room:joined`, and the ack of `chat:room:join`. */
export interface RoomJoined {
  roomId: ConversationId;
  /** The first 100, owners first. */
  members: Array<JoinedMemberView>;
  memberCount: number;
  /** Members who listen. */
  online: number;
  /** Number of the newest event. */
  lastSeq: number;
  epoch: string;
  /** Events that are sent again. */
  replayed: number;
  role: string;
}

/** `chat:room:left`: the socket does not hear the conversation any more. */
export interface RoomLeft {
  /** The room, or any other conversation. */
  roomId: ConversationId;
  /** Why. */
  reason: LeftReason;
}

/** Payload of `chat:room:leave`. */
export interface RoomReference {
  /** The room, or any other conversation. */
  roomId: ConversationId;
}

/** Somebody else types, or does not any more, in the chat vocabulary. */
export interface RoomTyping {
  roomId: ConversationId;
  userId: UserId;
  isTyping: boolean;
}

/** A room, as clients see it. */
export interface RoomView {
  id: ConversationId;
  name: string;
  visibility: Visibility;
  createdBy: UserId;
  metadata: Record<string, unknown>;
  memberCount: number;
  /** Messages of others that the caller, a member, has not read; 100 at most. */
  unreadCount: number;
  /** Whether there are more. */
  unreadMore: boolean;
  createdAt: string;
  updatedAt: string;
}

/** Body of `POST /rooms/{id}/messages` and `POST /chat/sessions/{id}/messages`. */
export interface SendMessage {
  /** 1 to 10,000 Unicode scalar values, after line ends have become LF; of type graph, an object of at most 16 KiB and 8 levels. */
  content: string | Record<string, unknown>;
  /** Default user. The others are for services and admins. */
  role?: MessageRole;
  /**
   * Default chat. With file or image, `metadata.fileId` names a file of the sender's in this
   * conversation. Robot and system are for services and admins.
   */
  type?: MessageType;
  /** Default plain. Of HTML, only what is harmless is kept. */
  formatting?: Formatting;
  /** An object of at most 16 KiB and 8 levels. Default empty. */
  metadata?: Record<string, unknown>;
  /** 1 to 128 visible ASCII characters: the same one again is the same message. */
  clientMessageId?: string | null;
}

/** All messages up to `throughSeq` were taken back, in the session vocabulary. */
export interface SessionCleared {
  sessionId: ConversationId;
  throughSeq: number;
  eventSeq: number;
}

/** `session_info`, and the ack of `get_session_info`. */
export interface SessionInfo {
  sessionId: ConversationId;
  /** The session; `null` for another kind of conversation. */
  session: SessionView | null;
  /** The first 100, the owner first. */
  participants: Array<ParticipantView>;
  /** Who is typing. */
  typing: Array<UserId>;
}

/** `session_joined`, and the ack of `join_session`. */
export interface SessionJoined {
  sessionId: ConversationId;
  /** The session; `null` for another kind of conversation. */
  session: SessionView | null;
  /** Number of the newest event. */
  lastSeq: number;
  epoch: string;
  /** Events that are sent again. */
  replayed: number;
  /** The first 100, the owner first. */
  participants: Array<ParticipantView>;
}

/** `session_left`: the socket does not hear the conversation any more. */
export interface SessionLeft {
  /** The session, or any other conversation. */
  sessionId: ConversationId;
  /** Why. */
  reason: LeftReason;
}

/** A message was taken back, in the session vocabulary. */
export interface SessionMessageDeleted {
  sessionId: ConversationId;
  messageId: MessageId;
  eventSeq: number;
}

/** A message was changed, in the session vocabulary: the message as it is now. */
export type SessionMessageUpdated = SessionMessageView & ({
  editedAt: string | null;
  eventSeq: number;
});

/** A message, as the session vocabulary shows it: `new_message`. */
export interface SessionMessageView {
  id: MessageId;
  sessionId: ConversationId;
  role: MessageRole;
  /** An object where the type is graph, else text. */
  content: string | Record<string, unknown>;
  metadata: Record<string, unknown>;
  /** When the server stored it. */
  timestamp: string;
  seq: number;
  senderId: UserId;
  clientMessageId: string | null;
}

/** Payload of `leave_session`. */
export interface SessionReference {
  /** The session, or any other conversation. */
  sessionId: ConversationId;
}

/** Whether a session goes on. */
export type SessionStatus = "active" | "closed";

/** Somebody else types, or does not any more, in the session vocabulary. */
export interface SessionTyping {
  sessionId: ConversationId;
  userId: UserId;
  isTyping: boolean;
}

/** A user of a session. */
export interface SessionUser {
  sessionId: ConversationId;
  userId: UserId;
}

/** A session, as clients see it. */
export interface SessionView {
  id: ConversationId;
  userId: UserId;
  title: string;
  status: SessionStatus;
  metadata: Record<string, unknown>;
  /** Without those that were deleted. */
  messageCount: number;
  createdAt: string;
  updatedAt: string;
  lastActivityAt: string;
}

/** Payload of `typing`. */
export interface SetTyping {
  sessionId: ConversationId;
  isTyping: boolean;
}

/** Answer to `auth:refresh`. */
export interface SocketRenewed {
  /** When the token ends: RFC 3339, UTC, milliseconds. */
  expiresAt: string;
}

/** The part of an event's payload that names the room. The message is the rest of it. */
export interface ToRoom {
  /** The room, or any other conversation. */
  roomId: ConversationId;
}

/** The part of an event's payload that names the session. The message is the rest of it. */
export interface ToSession {
  /** The session, or any other conversation. */
  sessionId: ConversationId;
}

/** Payload of `chat:file:upload`. */
export interface UploadFile {
  /** The room, or any other conversation. */
  roomId: ConversationId;
  /** 1 to 1,024 characters. A path, control characters and what is over 255 bytes are left out. */
  name: string;
  /** What the client takes it for, 1 to 255 characters. The server goes by the content. */
  contentType: string;
  /** At most 900 KiB. */
  data: Binary;
}

/** Identifies a user. Text: ours are UUIDv7, those of external token issuers are their own. */
export type UserId = string;

/** A user comes, in the session vocabulary. */
export type UserJoined = SessionUser;

/** A user goes, in the session vocabulary. */
export type UserLeft = SessionUser;

/** Who may join a room. */
export type Visibility = "public" | "private";

/** Greets a socket that has connected. */
export interface Welcome {
  type: Greeting;
  socketId: string;
  userId: UserId;
  serverVersion: string;
}
