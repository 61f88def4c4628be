package hotseat

import "google.golang.org/grpc/codes"

// Reason says why something failed: the name of an ErrorReason without its prefix.
type Reason string

// The reasons, as error.proto has them.
const (
	InvalidMessage       Reason = "INVALID_MESSAGE"
	ProtocolOrder        Reason = "PROTOCOL_ORDER"
	ConversationNotFound Reason = "CONVERSATION_NOT_FOUND"
	ConversationOwned    Reason = "CONVERSATION_OWNED"
	TurnRunning          Reason = "TURN_RUNNING"
	SettingsMismatch     Reason = "SETTINGS_MISMATCH"
	ReplayLost           Reason = "REPLAY_LOST"
	PoolFull             Reason = "POOL_FULL"
	SlowReader           Reason = "SLOW_READER"
	PoolDraining         Reason = "POOL_DRAINING"
	WorkerStart          Reason = "WORKER_START"
	WorkerLost           Reason = "WORKER_LOST"
	Provider             Reason = "PROVIDER"
	ProviderLimit        Reason = "PROVIDER_LIMIT"
	TurnLimit            Reason = "TURN_LIMIT"
	NothingPending       Reason = "NOTHING_PENDING"
	HistoryMismatch      Reason = "HISTORY_MISMATCH"
	QueueTimeout         Reason = "QUEUE_TIMEOUT"
	ProviderAuth         Reason = "PROVIDER_AUTH"
	ProviderRejected     Reason = "PROVIDER_REJECTED"
	Stalled              Reason = "STALLED"
	AttemptAbandoned     Reason = "ATTEMPT_ABANDONED"
	Internal             Reason = "INTERNAL"
	ConversationExists   Reason = "CONVERSATION_EXISTS"
	StorageFailed        Reason = "STORAGE_FAILED"
	RequestReused        Reason = "REQUEST_REUSED"
	OutputInvalid        Reason = "OUTPUT_INVALID"
	Unauthenticated      Reason = "UNAUTHENTICATED"
	PermissionDenied     Reason = "PERMISSION_DENIED"
	RateLimited          Reason = "RATE_LIMITED"
	BudgetSpent          Reason = "BUDGET_SPENT"
	KeyNotFound          Reason = "KEY_NOT_FOUND"
)

// The gRPC code that carries each reason when it ends a call.
var reasonCodes = map[Reason]codes.Code{
	InvalidMessage:       codes.InvalidArgument,
	ProtocolOrder:        codes.FailedPrecondition,
	ConversationNotFound: codes.NotFound,
	ConversationOwned:    codes.Aborted,
	TurnRunning:          codes.FailedPrecondition,
	SettingsMismatch:     codes.FailedPrecondition,
	ReplayLost:           codes.OutOfRange,
	PoolFull:             codes.ResourceExhausted,
	SlowReader:           codes.ResourceExhausted,
	PoolDraining:         codes.Unavailable,
	WorkerStart:          codes.Unavailable,
	WorkerLost:           codes.Unavailable,
	Provider:             codes.Unavailable,
	ProviderLimit:        codes.ResourceExhausted,
	TurnLimit:            codes.FailedPrecondition,
	NothingPending:       codes.NotFound,
	HistoryMismatch:      codes.FailedPrecondition,
	QueueTimeout:         codes.ResourceExhausted,
	ProviderAuth:         codes.FailedPrecondition,
	ProviderRejected:     codes.InvalidArgument,
	Stalled:              codes.DeadlineExceeded,
	AttemptAbandoned:     codes.Unavailable,
	Internal:             codes.Internal,
	ConversationExists:   codes.AlreadyExists,
	StorageFailed:        codes.Unavailable,
	RequestReused:        codes.FailedPrecondition,
	OutputInvalid:        codes.Unavailable,
	Unauthenticated:      codes.Unauthenticated,
	PermissionDenied:     codes.PermissionDenied,
	RateLimited:          codes.ResourceExhausted,
	BudgetSpent:          codes.ResourceExhausted,
	KeyNotFound:          codes.NotFound,
}
