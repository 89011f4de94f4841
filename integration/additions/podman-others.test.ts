import { after, before, describe, test } from 'node:test';
import { startHost } from '#integration/host';
import { makeImages } from './images.ts';
import { testLife } from './life.ts';
import { Podman, type PodmanOptions } from './podman.ts';
import { type Bench, runScenario } from './recorded.ts';
import { fresh, type Scenario } from './scenarios.ts';

const byPodman = fresh.filter(({ only }) => only !== 'docker');
/** In which podman writes more than a runtime's mount points. */
const ofWriting = byPodman.filter(
  ({ image, options }) => image === 'user' || image === 'scratch' || options?.includes('--user'),
);

const kinds: Readonly<Record<string, [options: PodmanOptions, scenarios: readonly Scenario[]]>> = {
  'podman with crun': [{ runtime: 'crun' }, byPodman],
  'podman with overlays that copy up metadata alone': [
    { runtime: 'runc', mountOptions: 'nodev,metacopy=on' },
    ofWriting,
  ],
};

for (const [title, [options, scenarios]] of Object.entries(kinds)) {
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

    for (const scenario of scenarios)
      test(`adds nothing that is not explained: ${scenario.title}`, async () => {
        await runScenario(bench, scenario);
      });

    if (options.runtime === 'crun') testLife(() => bench, ['--userns=auto']);
  });
}
