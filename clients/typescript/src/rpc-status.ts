// Reads google.rpc.ErrorInfo and RetryInfo off the wire: four fields are not worth another dependency of every user.
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { DurationSchema, durationMs } from "@bufbuild/protobuf/wkt";
import { fromBinary } from "@bufbuild/protobuf";

/** What ErrorInfo and RetryInfo say; fields are missing where the server sent none. */
export interface Details {
  reason?: string;
  metadata?: Record<string, string>;
  retryDelayMs?: number;
}

/** The details of a failed call; what can't be read counts as none. */
export function readDetails(details: readonly object[]): Details {
  const found: Details = {};
  for (const detail of details) {
    if (!("type" in detail) || !("value" in detail) || !(detail.value instanceof Uint8Array)) continue;
    try {
      if (detail.type === "google.rpc.ErrorInfo") Object.assign(found, errorInfo(detail.value));
      else if (detail.type === "google.rpc.RetryInfo") Object.assign(found, retryInfo(detail.value));
    } catch {
      continue; // written by a server that is not ours: its code and text still count
    }
  }
  return found;
}

function errorInfo(bytes: Uint8Array): Details {
  const metadata: Record<string, string> = {};
  let reason = "";
  for (const [field, value] of fieldsOf(bytes)) {
    if (field === 1) reason = text(value);
    else if (field === 3) {
      const entry = new Map(fieldsOf(value));
      metadata[text(entry.get(1))] = text(entry.get(2));
    }
  }
  return { reason, metadata };
}

function retryInfo(bytes: Uint8Array): Details {
  const delay = new Map(fieldsOf(bytes)).get(1);
  return delay === undefined ? {} : { retryDelayMs: durationMs(fromBinary(DurationSchema, delay)) };
}

/** The length-delimited fields of a message, in order: both messages have no others. */
function fieldsOf(bytes: Uint8Array): [number, Uint8Array][] {
  const reader = new BinaryReader(bytes);
  const fields: [number, Uint8Array][] = [];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (wireType === 2) fields.push([field, reader.bytes()]);
    else reader.skip(wireType, field);
  }
  return fields;
}

function text(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? "" : new TextDecoder().decode(bytes);
}
