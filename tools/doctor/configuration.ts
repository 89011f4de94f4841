import { type Config, defaultConfigPath } from '#hook/input/config';
import { readConfiguration } from '#tools/configuration';
import { openTpm } from '#tools/tpm';
import { type Check, type Finding, ok, problem } from './finding.ts';
import { checkIma } from './ima.ts';
import { checkMeasurementLog } from './measurement-log.ts';
import { checkPcrChoice } from './pcr-choice.ts';
import { checkStateDirectory } from './state-directory.ts';
import { checkTpm } from './tpm.ts';

const CHECK = 'configuration';
const EXPECTED = 'a configuration file of root with known keys, or none';

/** The configuration's own finding, and the checks of what it says. Without a configuration there is nothing to check. */
export interface ConfigurationChecks {
  /** Undefined when it cannot be used. */
  readonly config: Config | undefined;
  readonly checks: readonly Check[];
}

export function configurationChecks(file: string | undefined): ConfigurationChecks {
  try {
    const config = readConfiguration(file);
    return { config, checks: [() => [found(config)], ...checksOf(config)] };
  } catch (error) {
    return { config: undefined, checks: [() => [refused(error)]] };
  }
}

function checksOf(config: Config): readonly Check[] {
  return [
    () => checkTpm(config.tpm, openTpm(config)),
    () => checkPcrChoice(config.tpm.pcr),
    () => checkIma(config.ima, openTpm(config)),
    () => checkStateDirectory(config.state),
    () => checkMeasurementLog(config.state, config.tpm.pcr, openTpm(config)),
  ];
}

function found({ source, digest }: Config): Finding {
  const isDefault = source === undefined;
  const told = isDefault ? `no ${defaultConfigPath}: the defaults` : `${source}, ${digest}`;
  return ok(CHECK, told, EXPECTED);
}

function refused(error: unknown): Finding {
  const reason = error instanceof Error ? error.message : String(error);
  const unseen = 'TPM, PCR, IMA, state directory and log were not looked at';
  return problem(CHECK, `${reason}; ${unseen}`, EXPECTED, 'mend the file, and run doctor again');
}
