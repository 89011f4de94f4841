import type { Tpm } from '#hook/log/tpm';
import { type LogState, readLogState } from '#tools/log/log-state';
import { type Finding, notSeen, ok, problem, warning } from './finding.ts';

const CHECK = 'measurement-log';
const EXPECTED = 'a log that replays to the value of the PCR, and no intent left over';

/** Whether the log still accounts for the PCR. The hook settles what it can at the next start: then it is a warning. */
export async function checkMeasurementLog(
  state: string,
  pcr: number,
  tpm: Pick<Tpm, 'readPcr'>,
): Promise<readonly Finding[]> {
  let logState: LogState;
  try {
    logState = await readLogState(state, pcr, tpm);
  } catch (error) {
    return [notSeen(CHECK, `the log in ${state}`, EXPECTED, error)];
  }
  const findings = [
    faultOf(logState),
    differenceOf(logState),
    gapsOf(logState),
    intentOf(logState),
  ];
  const wrong = findings.filter((finding) => finding !== undefined);
  return wrong.length > 0 ? wrong : [ok(CHECK, healthOf(logState), EXPECTED)];
}

function faultOf({ snapshot, reading, outcome }: LogState): Finding | undefined {
  const message = reading.fault?.message ?? outcome.refusal;
  if (message === undefined) return undefined;
  const found = `${snapshot.file}: ${message}`;
  if (reading.fault?.kind === 'torn') {
    return warning(CHECK, found, EXPECTED, 'start a container: the hook cuts the torn end');
  }
  const mend = `copy ${snapshot.file} for whoever investigates: the next container start puts it aside, and a gap follows`;
  return problem(CHECK, found, EXPECTED, mend);
}

function differenceOf({ comparison, reading }: LogState): Finding | undefined {
  if (comparison.result !== 'differs' || reading.fault !== undefined) return undefined;
  const mend = 'find out who extends the PCR; the next record will be a gap';
  return problem(CHECK, comparison.reason, EXPECTED, mend);
}

function gapsOf({ outcome }: LogState): Finding | undefined {
  const gaps = outcome.replay?.gaps.length ?? 0;
  if (gaps === 0) return undefined;
  const mend = 'find out who extends the PCR; only a reboot begins a log without gaps';
  return warning(CHECK, `the log has gaps: ${gaps}`, EXPECTED, mend);
}

function intentOf({ snapshot }: LogState): Finding | undefined {
  if (snapshot.intent === undefined) return undefined;
  const mend = 'start a container: the hook settles it';
  return warning(CHECK, 'an intent is left over: a hook was stopped half way', EXPECTED, mend);
}

function healthOf({ snapshot, reading, comparison }: LogState): string {
  if (snapshot.log === undefined) return 'no log yet';
  const { length } = reading.records;
  const told = `${length} ${length === 1 ? 'record' : 'records'}`;
  return comparison.result === 'not-compared'
    ? `${told}, not compared with the TPM: ${comparison.reason}`
    : `${told}, which account for the PCR`;
}
