import { readFileSync } from 'node:fs';
import type { Swtpm } from '#hook/log/swtpm.fixture';
import { hookEntry, makeBundle } from './container.ts';
import { changeOneByte, makeImage } from './image.ts';
import type { Shell } from './shell.ts';
import { conclude, heading, say, showOutput, title } from './terminal.ts';

export interface Scene {
  readonly directory: string;
  /** A Debian root filesystem: one directory, no layers. */
  readonly debian: string;
  readonly tpm: Swtpm;
  readonly shell: Shell;
  /** Mounts and processes to get rid of. */
  readonly leftovers: AsyncDisposableStack;
}

export async function tellStory(scene: Scene): Promise<void> {
  title(
    'Which image does this container run?',
    "oci-measure is a hook: while runc starts a container, it measures the container's image into a TPM.",
    `All of this happens in ${scene.directory}, which is gone afterwards.`,
  );
  await showTpm(scene);
  await showImage(scene);
  await startContainer(scene);
  const measured = await showTraces(scene);
  await measureOneLayer(scene, measured);
  await changeImage(scene, measured);
  await takeTpmAway(scene);
  title(
    'That was it.',
    'README.md says how to put the hook under your own containers, and what it does not prove.',
    '',
  );
}

async function showTpm({ shell }: Scene): Promise<void> {
  heading('A TPM');
  say(
    `A TPM has registers, called PCRs, that no software can set. They can only be extended, until the machine
    restarts: the new value is the hash of the old value and a measurement. The TPM here is a program, swtpm, and
    nothing has been extended into its PCR 13 yet.`,
  );
  await shell.run('tpm2_pcrread sha256:13');
}

async function showImage({ directory, debian, shell }: Scene): Promise<void> {
  heading('An image, and a hook');
  await makeImage(debian, directory);
  say(
    `The image is a small Debian in two layers, as engines store it. The second layer replaces a file of the first
    and deletes another.`,
  );
  await shell.run('du -sh layer-1 layer-2');
  say(
    `The container's config.json names the hook. runc calls it when the image is mounted and nothing of it runs yet.`,
  );
  showOutput(`"createRuntime": [${JSON.stringify(hookEntry(directory), null, 2)}]`);
}

async function startContainer({ directory, shell, leftovers }: Scene): Promise<void> {
  heading('A container');
  leftovers.use(await makeBundle(directory, 'hello', ['layer-2', 'layer-1']));
  const start = performance.now();
  await shell.run('runc --root runc run --bundle hello hello');
  const seconds = (performance.now() - start) / 1000;
  conclude(`That was the container. It took ${seconds.toFixed(1)} seconds, the hook included.`);
}

/** @returns the rootfs digest that was measured */
async function showTraces({ directory, shell }: Scene): Promise<string> {
  heading('What the hook left behind');
  say('PCR 13 has been extended.');
  await shell.run('tpm2_pcrread sha256:13');
  say(
    `The measurement log says with what. Whoever replays it, extend by extend, has to come to the value in the TPM.`,
  );
  await shell.run('oci-measure log --config config.toml');
  say(
    `This is what was measured for the container. Its hash is what was extended: change one character of it, and the
    log no longer leads to the TPM's value.`,
  );
  showOutput(layOut(lastRecord(directory)));
  say('The container map says which container was which measurement.');
  return digestIn(await shell.run('oci-measure containers --config config.toml'));
}

async function measureOneLayer({ shell }: Scene, measured: string): Promise<void> {
  heading('The same files in one layer');
  say(
    `The rootfs digest is a digest of files, not of layers. So anybody who has the image can say beforehand which
    digest its containers will have.`,
  );
  const digest = digestIn(await shell.run('oci-measure digest one-layer'));
  concludeThat(digest === measured, 'The digest that was measured.');
  say('It is the SHA-256 of a listing that you can read.');
  await shell.run('oci-measure digest one-layer --listing | head -n 5');
  await shell.run('oci-measure digest one-layer --listing | sha256sum');
}

async function changeImage(scene: Scene, measured: string): Promise<void> {
  const { directory, shell, leftovers } = scene;
  heading('One changed byte');
  changeOneByte(`${directory}/one-layer/usr/bin/cat`, `${directory}/layer-3/usr/bin/cat`);
  say(
    'Somebody puts a third layer on the image. It holds one program, /usr/bin/cat, with one byte changed.',
  );
  leftovers.use(await makeBundle(directory, 'changed', ['layer-3', 'layer-2', 'layer-1']));
  await shell.run('runc --root runc run --bundle changed changed');
  say('From outside it is the same container.');
  const digest = digestIn(await shell.run('oci-measure containers changed --config config.toml'));
  concludeThat(digest !== measured, 'Another digest, and it is in the TPM now.');
  say('What changed?');
  await shell.run('oci-measure diff one-layer changed/rootfs || true');
}

async function takeTpmAway({ directory, tpm, shell, leftovers }: Scene): Promise<void> {
  heading('No measurement, no container');
  await tpm[Symbol.asyncDispose]();
  say('Now the TPM is taken away.');
  leftovers.use(await makeBundle(directory, 'unmeasured', ['layer-2', 'layer-1']));
  await shell.runRefused('runc --root runc run --bundle unmeasured unmeasured');
  conclude('A container that cannot be measured does not start.');
}

/** The string whose digests the last record of the log holds. */
function lastRecord(directory: string): string {
  const text = readFileSync(`${directory}/state/measurements.cel`, 'utf8');
  return JSON.parse(text.slice(text.lastIndexOf('\x1e') + 1)).content.string;
}

/** One line for each member. */
function layOut(record: string): string {
  const members = Object.entries(JSON.parse(record));
  return members.map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join('\n');
}

function concludeThat(holds: boolean, claim: string): void {
  if (!holds) throw new Error(`this does not hold: ${claim}`);
  conclude(claim);
}

function digestIn(output: string): string {
  const [digest] = /sha256:[0-9a-f]{64}/.exec(output) ?? [];
  if (digest === undefined) throw new Error(`expected a digest, found\n${output}`);
  return digest;
}
