import { type ImaHost, imageEntry, RECORDS } from './ima-host.ts';

export interface Forgery {
  readonly title: string;
  /** What the kernel lists if it is deceived. */
  readonly entry: string;
  /** Of the forged record. */
  readonly content: string;
  /** For /bin/sh in the container, where UUID is the record filesystem's, in hexadecimal. Prints the record. */
  readonly script: string;
}

/** Owner and mode are the container's root's to set; an overlay, that of who is root in a user namespace. */
export const forgedOnOverlay: Forgery = forgery(
  'on an overlay of a chosen UUID, in a user namespace',
  `sha256:${'a'.repeat(64)}`,
  (make, read) => `
    ${make('/forged')}
    mkdir /forged/tmpfs
    unshare --user --map-root-user --mount sh -c '
      set -e
      mount -t tmpfs tmpfs /forged/tmpfs
      cd /forged/tmpfs
      mkdir upper work
      setfattr -n user.overlay.uuid -v 0x$UUID upper
      mount -t overlay -o userxattr,uuid=on,lowerdir=/forged,upperdir=upper,workdir=work overlay ${RECORDS}
      ${read}'`,
);

export const forgedOnVolume: Forgery = forgery(
  'on a volume, which is ext4',
  `sha256:${'b'.repeat(64)}`,
  (make, read) => `${make(RECORDS)}\n${read}`,
);

/** What `forgedOnVolume` does, of an image that there is. */
export function forgedImage(rootfs: string): Forgery {
  return forgery('of an image', rootfs, (make, read) => `${make(RECORDS)}\n${read}`);
}

function forgery(
  title: string,
  rootfs: string,
  script: (make: (at: string) => string, read: string) => string,
): Forgery {
  const content = `oci-measure.image.v1 ${rootfs}\n`;
  const name = `images/${rootfs.replace(':', '-')}`;
  const make = (at: string): string => `
    mkdir -p ${at}/images
    echo '${content.trim()}' >${at}/${name}
    chown 65521:0 ${at}/${name}
    chmod 0444 ${at}/${name}`;
  const read = `cat ${RECORDS}/${name}`;
  return { title, entry: imageEntry(rootfs), content, script: `set -e\n${script(make, read)}` };
}

/** Of those that Docker leaves to the root of a container. */
const CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETFCAP', 'SETGID', 'SETUID'];

const CONFIG = `
  .process.terminal = false | .process.args = ["/bin/sh", "/forge.sh"] | .process.env += ["UUID=" + $uuid]
  | .process.capabilities |= map_values(${JSON.stringify(CAPABILITIES.map((name) => `CAP_${name}`))})
  | .root.readonly = false
  | .mounts += [{destination: "${RECORDS}", type: "bind", source: "/srv/volume", options: ["rbind"]}]`;

/** Runs it in a container that nobody measures, with the host's programs, and returns what it printed. */
export async function forge({ machine }: ImaHost, { script }: Forgery): Promise<string> {
  await machine.sh('mkdir -p /srv/volume /tmp/forger/upper /tmp/forger/work /tmp/forger/rootfs');
  await machine.copyIn('/tmp/forger/upper/forge.sh', script);
  return await machine.sh(`
    cd /tmp/forger
    uuid=$(sed -n 's/.*fsuuid=\\([^ ]*\\).*/\\1/p' /etc/ima/ima-policy | tr -d -)
    runc spec
    jq --arg uuid "$uuid" '${CONFIG}' config.json >new
    mv new config.json
    mount -t overlay -o lowerdir=/,upperdir=upper,workdir=work overlay rootfs
    runc run forger
    umount rootfs
    rm -r /tmp/forger`);
}
