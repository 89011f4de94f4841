import type { EventType } from '#hook/log/measurement-event';
import type { LogRecord } from '#hook/log/measurement-log';
import { toBankValues } from '#hook/log/pcr';
import { STDOUT } from '#tools/output';
import { type Cell, formatTable, paint, type Style } from '#tools/table';
import { isTerminal } from '#tools/terminal';
import { bootTimeMs, formatTime } from '#tools/time';
import type { LogState } from './log-state.ts';
import { containerOf, summarize } from './record-summary.ts';

const SHORT_ID = 12;

const STYLES: Partial<Readonly<Record<EventType, Style>>> = {
  container: 'green',
  denied: 'red',
  aborted: 'yellow',
  allowed: 'red',
  unlisted: 'red',
  skipped: 'yellow',
  gap: 'red',
};

/** The log for people: a table of its records, and a line on what it is worth. */
export function formatLog(state: LogState): string {
  const { records } = state.reading;
  const bootMs = bootTimeMs();
  const rows = records.map((record, number) => formatRecord(record, number, bootMs));
  const table =
    rows.length === 0 ? '' : formatTable(['#', 'TIME', 'PCR', 'TYPE', 'CONTAINER', ''], rows);
  return `${table}${[...conclusions(state)].join('\n')}\n`;
}

function formatRecord(record: LogRecord, number: number, bootMs: number): readonly Cell[] {
  const { type } = record.event;
  const style = STYLES[type];
  const id = containerOf(record.event) ?? '';
  return [
    { text: String(number) },
    { text: formatTime(bootMs + record.timestamp / 1000) },
    { text: String(record.pcr) },
    { text: type, ...(style === undefined ? {} : { style }) },
    { text: isTerminal(STDOUT) ? id.slice(0, SHORT_ID) : id },
    { text: summarize(record.event) },
  ];
}

function* conclusions({
  pcr,
  snapshot,
  reading,
  outcome,
  comparison,
}: LogState): Generator<string> {
  if (snapshot.log === undefined) yield `${snapshot.file}: not there, so nothing was measured yet`;
  if (reading.records.length > 0) yield '';
  const gaps = outcome.replay?.gaps.length ?? 0;
  if (gaps > 0) {
    yield paint(
      'red',
      `${gaps} ${gaps === 1 ? 'gap' : 'gaps'}: nothing before the last one is proven`,
    );
  }
  if (comparison.result === 'agrees') {
    const banks = Object.keys(toBankValues(snapshot.tpm.values ?? new Map())).join(', ');
    yield paint('green', `PCR ${pcr}: the log accounts for the TPM's value in ${banks}`);
  } else if (comparison.result === 'not-compared') {
    yield paint('yellow', `PCR ${pcr}: not compared with the TPM: ${comparison.reason}`);
  }
  if (snapshot.intent !== undefined) {
    yield paint('yellow', 'a hook is at work or was stopped: the next container start settles it');
  }
}
