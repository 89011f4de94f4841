import { after, before, describe, test } from 'node:test';
import { startHost } from '#integration/host';
import { makeImages } from './images.ts';
import { testLife } from './life.ts';
import { Podman, type PodmanOptions } from './podman.ts';
import { type Bench, runScenario } from './recorded.ts';
import { fresh, tampered } from './scenarios.ts';

const kinds: Readonly<Record<string, PodmanOptions>> = {
  'podman with runc': { runtime: 'runc' },
  'podman with crun': { runtime: 'crun' },
  'podman with overlays that copy up metadata alone': {
    runtime: 'runc',
    mountOptions: 'nodev,metacopy=on',
  },
};

for (const [title, options] of Object.entries(kinds)) {
  describe(title, () => {
    const stack = new AsyncDisposableStack();
    let bench: Bench;

    before(async () => {
      const host = stack.use(await startHost());
      const images = await makeImages(`${host.directory}/images`);
      const engine = stack.use(new Podman(host, options));
      await engine.load(images);
      bench = { host, images, engine };
    });
    after(async () => await stack.disposeAsync());

    for (const scenario of fresh.filter(({ only }) => only !== 'docker'))
      test(`adds nothing that is not explained: ${scenario.title}`, async () => {
        await runScenario(bench, scenario);
      });

    for (const scenario of tampered.filter(({ only }) => only !== 'docker'))
      test(`hides nothing: ${scenario.title}`, async () => {
        await runScenario(bench, scenario);
      });

    testLife(() => bench);
    if (options.mountOptions === undefined) {
      describe('with --userns=auto', () => testLife(() => bench, ['--userns=auto']));
    }
  });
}
