import type { ByteString } from '#digest/entry';
import { escapePath } from '#digest/listing-path';
import { reportWarning } from '#tools/report';
import type { SourceDigest } from './source-digest.ts';

/** Of one kind, that are told one by one; the rest is counted. */
const TOLD = 10;

/** Tells standard error what a digest does not cover, and whose it is where there is more than one. */
export function warnOfDigest({ foreignMounts, sockets, image, semantics }: SourceDigest): void {
  if (image?.rootfs.portable === false) {
    reportWarning(`engines unpack this image differently: this is what ${semantics} shows`);
  }
  tell(foreignMounts, 'another mount: left out', 'other mounts left out');
  tell(sockets, 'a socket, as no image holds one: not listed', 'sockets not listed');
}

function tell(paths: readonly ByteString[], one: string, many: string): void {
  for (const path of paths.slice(0, TOLD)) reportWarning(`${escapePath(path)}: ${one}`);
  if (paths.length > TOLD) reportWarning(`${paths.length - TOLD} more ${many}`);
}
