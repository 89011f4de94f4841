/**
 * What engines add to a container, one thing at a time. Options are those that podman and Docker have in common, unless
 * a scenario says whose it is. Here they run by runc; where crun is at home, they can run by crun as well.
 */
import type { ImageName } from './images.ts';

export interface Scenario {
  readonly title: string;
  readonly image: ImageName;
  /** Of `run`, or of `create`. */
  readonly options?: readonly string[];
  readonly only?: 'podman' | 'docker';
  /** A script (dash) that runs in the root of the created container before it is started. */
  readonly change?: string;
  /** What the record has to say of the container's own layer; pristine where nothing is said. */
  readonly writable?: 'measured';
  /** Runtimes cannot do it in a user namespace. */
  readonly isOfHost?: true;
}

export const fresh: readonly Scenario[] = [
  { title: 'an image that has nothing', image: 'bare' },
  { title: 'an image that has all of it already', image: 'furnished' },
  { title: 'an image of one file', image: 'scratch' },
  {
    title: 'a USER that no file knows, a missing WORKDIR and two volumes',
    image: 'user',
  },
  { title: '--user 1001:1002', image: 'bare', options: ['--user', '1001:1002'] },
  { title: '--user that the host has a name for', image: 'bare', options: ['--user', '1'] },
  { title: '--user with a name', image: 'bare', options: ['--user', 'named'] },
  { title: '--user with a name and a number', image: 'bare', options: ['--user', 'named:77'] },
  { title: '--user with a number and a name', image: 'bare', options: ['--user', '33:named'] },
  { title: '--user 0:5', image: 'bare', options: ['--user', '0:5'] },
  {
    title: '--workdir that is missing',
    image: 'bare',
    options: ['--workdir', '/srv/a/b', '--user', '1001'],
    only: 'docker',
  },
  {
    title: '--workdir that a link leads to',
    image: 'bare',
    options: ['--workdir', '/var/run/app'],
    only: 'docker',
  },
  { title: '--init', image: 'bare', options: ['--init'] },
  { title: '--read-only', image: 'bare', options: ['--read-only'] },
  { title: '--read-only and --user', image: 'bare', options: ['--read-only', '--user', '1001'] },
  {
    title: 'volumes on new and on existing paths',
    image: 'furnished',
    options: [
      '--volume',
      '/usr:/new/deep/directory',
      '--volume',
      '/etc/hostname:/data/kept',
      '--volume',
      '/etc/hostname:/new/file',
      '--volume',
      '/etc:/work',
      '--volume',
      '/var/run/secrets/token',
      '--volume',
      '/anonymous',
    ],
  },
  {
    title: 'tmpfs on new and on existing paths',
    image: 'bare',
    options: ['--tmpfs', '/data', '--tmpfs', '/new/tmpfs', '--tmpfs', '/var/run'],
  },
  { title: '--privileged', image: 'bare', options: ['--privileged'], only: 'podman' },
  {
    title: 'other masked paths',
    image: 'bare',
    options: ['--security-opt', 'mask=/data:/sys/dev', '--security-opt', 'unmask=/proc/kcore'],
    only: 'podman',
  },
  { title: '--tz', image: 'bare', options: ['--tz', 'Europe/Berlin'], only: 'podman' },
  {
    title: '--tz where the image has a zone',
    image: 'furnished',
    options: ['--tz', 'Europe/Berlin'],
    only: 'podman',
  },
  { title: '--tz local', image: 'bare', options: ['--tz', 'local'], only: 'podman' },
  { title: '--systemd', image: 'bare', options: ['--systemd', 'always'], only: 'podman' },
  {
    title: '--hostuser who is there already',
    image: 'bare',
    options: ['--hostuser', 'root'],
    only: 'podman',
  },
  { title: '--userns=auto', image: 'bare', options: ['--userns=auto'], only: 'podman' },
  {
    title: '--userns=auto and an image that has all of it already',
    image: 'furnished',
    options: ['--userns=auto'],
    only: 'podman',
  },
  {
    title: '--uidmap',
    image: 'bare',
    options: ['--uidmap', '0:100000:65536'],
    only: 'podman',
  },
  {
    title: '--uidmap and a USER that no file knows, a missing WORKDIR and two volumes',
    image: 'user',
    options: ['--uidmap', '0:100000:65536'],
    only: 'podman',
  },
  {
    title: '--uidmap and an image of one file',
    image: 'scratch',
    options: ['--uidmap', '0:100000:65536'],
    only: 'podman',
  },
];

const measured = { writable: 'measured' } as const;

export const tampered: readonly Scenario[] = [
  { title: 'a planted file', image: 'bare', change: 'echo x >etc/planted', ...measured },
  { title: 'a deleted file', image: 'bare', change: 'rm data/kept', ...measured },
  { title: 'rm -rf /etc; mkdir /etc', image: 'bare', change: 'rm -rf etc; mkdir etc', ...measured },
  {
    title: 'a working directory with something in it',
    image: 'user',
    change: 'mkdir -p srv/inner; echo x >srv/inner/planted',
    ...measured,
  },
  {
    title: 'a working directory that everybody may write to',
    image: 'user',
    change: 'mkdir -p srv/inner; chmod 0777 srv/inner',
    ...measured,
  },
  {
    title: 'content behind a mount point',
    image: 'bare',
    options: ['--volume', '/etc:/new/volume'],
    change: 'mkdir -p new/volume; echo x >new/volume/planted',
    ...measured,
  },
  {
    title: 'another line in passwd',
    image: 'user',
    change: 'echo "toor::0:0::/:/bin/sh" >>etc/passwd',
    ...measured,
  },
  {
    title: '--passwd-entry with uid 0',
    image: 'bare',
    options: ['--user', '1001', '--passwd-entry', '1001:*:0:0:container user:/:/bin/sh'],
    only: 'podman',
    ...measured,
  },
  {
    title: '--passwd-entry with another name',
    image: 'bare',
    options: ['--user', '1001', '--passwd-entry', 'sshd:*:1001:0:container user:/:/bin/sh'],
    only: 'podman',
    ...measured,
  },
  {
    title: '--passwd-entry with another home',
    image: 'bare',
    options: ['--user', '1001', '--passwd-entry', '1001:*:1001:0:container user:/data:/bin/sh'],
    only: 'podman',
    ...measured,
  },
  {
    title: '--user 0 where no file knows root',
    image: 'scratch',
    options: ['--user', '0'],
    only: 'podman',
    ...measured,
  },
  {
    title: 'a device outside /dev',
    image: 'bare',
    options: ['--device', '/dev/null:/odd/null'],
    isOfHost: true,
    ...measured,
  },
  {
    title: '--hostuser who is not there',
    image: 'bare',
    options: ['--hostuser', 'www-data'],
    only: 'podman',
    ...measured,
  },
];
