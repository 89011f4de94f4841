import { mkdirSync, writeFileSync } from 'node:fs';
import { type HookEntry, writeBundle } from '#integration/bundle';
import { mountOverlay } from '#integration/overlay';
import { program } from '#integration/program';

/** What has to stand in a container's config.json. */
export function hookEntry(directory: string): HookEntry {
  return {
    path: program,
    args: ['oci-measure', 'hook', '--config', `${directory}/config.toml`, 'createRuntime'],
    env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'LANG=C.UTF-8'],
    timeout: 100,
  };
}

/** The hook's configuration: this TPM, a state directory here, and no IMA, which a demo cannot ask of a kernel. */
export function writeConfiguration(directory: string, tcti: string): void {
  const lines = [
    `state = "${directory}/state"`,
    '[tpm]',
    `tcti = "${tcti}"`,
    '[ima]',
    'mode = "off"',
    '',
  ];
  writeFileSync(`${directory}/config.toml`, lines.join('\n'), { mode: 0o600 });
}

/** A bundle as an engine makes it: an overlay of the image's layers (topmost first), and a config.json with the hook. */
export async function makeBundle(
  directory: string,
  name: string,
  layers: readonly string[],
): Promise<AsyncDisposable> {
  const bundle = `${directory}/${name}`;
  mkdirSync(bundle);
  const lowers = layers.map((layer) => `${directory}/${layer}`);
  const mount = await mountOverlay(bundle, lowers);
  writeBundle(bundle, {
    rootPath: 'rootfs',
    hooks: { createRuntime: [hookEntry(directory)] },
    args: ['/bin/sh', '-c', '. /etc/os-release; echo "hello from $PRETTY_NAME"'],
  });
  return mount;
}
