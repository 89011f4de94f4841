import type { LogRecord } from '#hook/log/measurement-log';
import { toBankValues } from '#hook/log/pcr';
import type { Replay } from '#hook/log/replay';
import type { LogState } from './log-state.ts';

/** docs/schema/log.json */
export function describeLog({ pcr, snapshot, reading, outcome, comparison }: LogState): object {
  return {
    file: snapshot.file,
    present: snapshot.log !== undefined,
    pcr,
    records: reading.records.map(describeRecord),
    ...(reading.fault === undefined ? {} : { fault: reading.fault }),
    replay:
      outcome.replay === undefined ? { refusal: outcome.refusal } : describeReplay(outcome.replay),
    tpm: {
      ...comparison,
      ...(snapshot.tpm.values === undefined ? {} : { values: toBankValues(snapshot.tpm.values) }),
    },
    intent: snapshot.intent !== undefined,
  };
}

function describeRecord(record: LogRecord): object {
  return {
    offset: record.offset,
    length: record.length,
    pcr: record.pcr,
    bootId: record.bootId,
    timestamp: record.timestamp,
    digests: toBankValues(record.digests),
    sha256: record.sha256,
    event: record.event,
  };
}

function describeReplay(replay: Replay): object {
  return {
    values: toBankValues(replay.values),
    gaps: replay.gaps.map(({ record, expected, found }) => ({
      record,
      expected: toBankValues(expected),
      found: toBankValues(found),
    })),
  };
}
