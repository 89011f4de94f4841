import { describeLog } from '#tools/log/log-json';
import { failuresOf, readLogState } from '#tools/log/log-state';
import { formatLog } from '#tools/log/log-table';
import { readConfiguration } from './configuration.ts';
import { formatJSON } from './json.ts';
import { writeOut } from './output.ts';
import { reportError } from './report.ts';
import { openTpm } from './tpm.ts';

export interface LogCommand {
  readonly json: boolean;
  readonly config: string | undefined;
}

/**
 * Prints the measurement log. Exit code 1 when it is torn, malformed, contradicts itself, or is not what the TPM's PCR
 * was extended by; a gap that it shows itself is none of these.
 *
 * @throws HookError `config`, `log`; ToolError `output`
 */
export async function log({ json, config: file }: LogCommand): Promise<number> {
  const config = readConfiguration(file);
  const state = await readLogState(config.state, config.tpm.pcr, openTpm(config));
  writeOut(json ? formatJSON(describeLog(state)) : formatLog(state));
  const failures = failuresOf(state);
  for (const failure of failures) reportError(`${state.snapshot.file}: ${failure}`);
  return failures.length === 0 ? 0 : 1;
}
