/**
 * Why a container was not measured. Stable: tests, `hook.log` and `doctor` match on it.
 *
 * - `usage`: unknown stage or arguments
 * - `config`: the configuration file is missing, malformed, or not root's
 * - `state`: what the runtime wrote to stdin is not an OCI state
 * - `bundle`: the bundle or its config.json is missing, malformed or contradictory
 * - `rootfs`: the root filesystem cannot be found, believed or read
 * - `tpm`: the TPM (or a tpm2 tool) is missing, silent, or answers what cannot be right
 * - `log`: the measurement log, its intent or the state directory cannot be read or written
 * - `lock`: another hook held the log until the deadline
 * - `ima`: the kernel's measurement list does not carry the record
 * - `class`: the configuration denies this class of container
 * - `deadline`: the hook's own time was up
 */
export type HookErrorCode =
  | 'usage'
  | 'config'
  | 'state'
  | 'bundle'
  | 'rootfs'
  | 'tpm'
  | 'log'
  | 'lock'
  | 'ima'
  | 'class'
  | 'deadline';

export class HookError extends Error {
  override readonly name = 'HookError';
  readonly code: HookErrorCode;

  constructor(code: HookErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
