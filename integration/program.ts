import { fileURLToPath } from 'node:url';

/** The finished program, as `npm run build` makes it. */
export const program: string = fileURLToPath(new URL('../dist/oci-measure', import.meta.url));

/** A Debian root filesystem made once by `integration/setup.sh rootfs`. Read only: tests mount overlays over it. */
export const debianRootfs = '/var/lib/oci-measure-test/cache/bookworm-minbase';

/** Tests work here: everything below /tmp is, rightly, not believed. */
export const workDirectory = '/var/lib/oci-measure-test';
