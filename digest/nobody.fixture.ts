import { fileURLToPath } from 'node:url';

const checkout = fileURLToPath(new URL('.', import.meta.url)).replace(/\/digest\/$/, '');
const place = '/mnt';

const script = `
  mount -t tmpfs -o mode=755 tmpfs ${place}
  for name in digest hook tools node_modules; do
    mkdir "${place}/$name"
    mount --bind "$0/$name" "${place}/$name"
  done
  cp "$0/package.json" ${place}/
  cd /
  exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"`;

/**
 * The words of a command, run by a user without any rights. A checkout often lies below a directory of root's alone (/root), so it is
 * shown to them in another place.
 */
export function asNobody(words: readonly string[]): string[] {
  const moved = words.map((word) => word.replaceAll(checkout, place));
  return ['unshare', '--mount', 'sh', '-ec', script, checkout, ...moved];
}
