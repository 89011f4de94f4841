import { existsSync } from 'node:fs';
import { RECORDS_DIRECTORY } from '#hook/ima/record';
import { UNIT_NAME } from './record-filesystem.ts';

/** Where an installation puts what it makes. */
export interface Places {
  /** The record filesystem's mount point. */
  readonly records: string;
  /** The filesystem itself, unless a partition is given. */
  readonly image: string;
  /** What systemd loads when the machine starts (systemd's src/core/ima-setup.c). */
  readonly policy: string;
  /** Of systemd, which mounts it. */
  readonly unit: string;
  readonly hasSystemd: boolean;
}

export function placesOfThisMachine(): Places {
  return {
    records: RECORDS_DIRECTORY,
    image: '/var/lib/oci-measure/records.ext4',
    policy: '/etc/ima/ima-policy',
    unit: `/etc/systemd/system/${UNIT_NAME}`,
    hasSystemd: existsSync('/run/systemd/system'),
  };
}
