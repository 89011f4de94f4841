import { after, before, describe, test } from 'node:test';
import { startHost } from '#integration/host';
import { prepareImages } from '#integration/vm/images';
import { makeImages } from './images.ts';
import { Podman } from './podman.ts';
import { type Bench, runScenario } from './recorded.ts';
import { fresh, tampered } from './scenarios.ts';

/** Of podman alone, since its newer releases make other things than older ones: links of time zones, names of the host's users. */
describe('podman and crun of Debian 13', () => {
  const stack = new AsyncDisposableStack();
  let bench: Bench;

  before(async () => {
    const { root } = await prepareImages('trixie', 'trixie');
    const host = stack.use(await startHost());
    const images = await makeImages(`${host.directory}/images`);
    const engine = stack.use(new Podman(host, { runtime: 'crun', userland: root }));
    await engine.load(images);
    bench = { host, images, engine };
  });
  after(async () => await stack.disposeAsync());

  // The disk has no init for containers.
  const scenarios = fresh.filter(({ only, title }) => only !== 'docker' && title !== '--init');
  for (const scenario of scenarios)
    test(`add nothing that is not explained: ${scenario.title}`, async () => {
      await runScenario(bench, scenario);
    });

  for (const scenario of tampered.filter(({ only }) => only === 'podman'))
    test(`hide nothing: ${scenario.title}`, async () => {
      await runScenario(bench, scenario);
    });
});
