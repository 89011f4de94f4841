import { resolve } from 'node:path';
import { type Config, loadConfig } from '#hook/input/config';

/**
 * The configuration in force. A relative FILE is meant from where the command was typed; only the hook insists on an
 * absolute one.
 *
 * @throws HookError `config`
 */
export function readConfiguration(file: string | undefined): Config {
  return loadConfig(file === undefined ? undefined : resolve(file));
}
