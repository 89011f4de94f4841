import type { ByteString } from '#digest/entry';
import { HookError } from '#hook/errors';
import { readTrustedFile } from './trusted-file.ts';

/**
 * The host's own users, who lend their names to podman's line in a container's passwd: /etc/passwd, a character for each
 * byte. Empty where there is none that can be believed: then nothing is explained by it.
 */
export function readHostPasswd(path = '/etc/passwd'): ByteString {
  const maxBytes = 1024 * 1024;
  try {
    const bytes = readTrustedFile({ path, maxBytes, code: 'state' });
    return Buffer.from(bytes ?? []).toString('latin1');
  } catch (error) {
    if (error instanceof HookError) return '';
    throw error;
  }
}
