import type { ImageName } from './images.ts';

export interface MergedCase {
  readonly title: string;
  readonly image: ImageName;
  readonly options?: readonly string[];
  /** A script (dash) that runs in the root of the created container before it is started. */
  readonly change?: string;
  /** Whether the digest is that of the image, but for what the record names. */
  readonly isImage: boolean;
}

export const cases: readonly MergedCase[] = [
  { title: 'an image that has nothing', image: 'bare', isImage: true },
  { title: '--read-only', image: 'bare', options: ['--read-only'], isImage: true },
  {
    title: 'volumes and tmpfs',
    image: 'bare',
    options: ['--volume', '/etc:/new/volume', '--tmpfs', '/new/tmpfs', '--volume', '/var/run/x'],
    isImage: true,
  },
  { title: 'a planted file', image: 'bare', change: 'echo x >etc/planted', isImage: false },
  { title: 'a planted empty file', image: 'bare', change: '>etc/nologin', isImage: false },
  { title: 'a deleted file', image: 'bare', change: 'rm data/kept', isImage: false },
  { title: 'another mode', image: 'bare', change: 'chmod 0777 data', isImage: false },
];
