import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { DigestError } from '#digest/errors';
import { encodeEntry, LISTING_HEADER } from '#digest/listing';
import type { Semantics } from '#digest/semantics';
import { readLayer } from './layer.fixture.ts';
import type { Layer } from './layer.ts';
import { digestLayers } from './layered-rootfs.ts';
import { type Unpacked, unpackAsOverlay, unpackInSequence } from './unpack-image.ts';

// Made by the engines' own code and the kernel's overlayfs: see testdata/corpus.md.
const CORPUS = new URL('testdata/corpus/', import.meta.url);

interface Answer {
  readonly listing?: string;
  readonly error?: string;
}
type Unpack = (layers: readonly Layer[], semantics: Semantics) => Unpacked;

const ENGINES: Readonly<Record<string, readonly [Semantics, Unpack]>> = {
  'containerd-overlay': ['containerd', unpackAsOverlay],
  'docker-overlay2': ['docker', unpackAsOverlay],
  'podman-overlay': ['podman', unpackAsOverlay],
  'containerd-native': ['containerd', unpackInSequence],
  'docker-vfs': ['docker', unpackInSequence],
  'podman-vfs': ['podman', unpackInSequence],
};

// Docker and podman obey these attributes; we call that an attack (docs/applying-layers.md, I).
const ATTACKS = new Set(['x_trusted_opaque', 'x_trusted_whiteout', 'x_metacopy']);
const OBEY = new Set(['docker-overlay2', 'podman-overlay']);

function readCase(name: string): Layer[] {
  const layers: Layer[] = [];
  for (let i = 0; existsSync(new URL(`${name}/${i}.tar`, CORPUS)); i++) {
    layers.push(readLayer(readFileSync(new URL(`${name}/${i}.tar`, CORPUS))));
  }
  return layers;
}

function answerOf(name: string, [semantics, unpack]: readonly [Semantics, Unpack]): string {
  try {
    const unpacked = unpack(readCase(name), semantics);
    if (unpacked instanceof DigestError) return `error ${unpacked.code}`;
    return LISTING_HEADER.rootfs + unpacked.map(encodeEntry).join('');
  } catch (error) {
    assert.ok(error instanceof DigestError, String(error));
    return `error ${error.code}`;
  }
}

const text = readFileSync(new URL('expected.json', CORPUS), 'utf8');
const expected = JSON.parse(text) as Record<string, Record<string, Answer>>;

describe('each image of the corpus is shown as each engine shows it, or refused', () => {
  test('all 102 are there', () => {
    const directories = readdirSync(CORPUS).filter((name) => !name.includes('.'));
    assert.deepEqual(directories.toSorted(), Object.keys(expected).toSorted());
    assert.equal(directories.length, 102);
  });

  for (const [name, answers] of Object.entries(expected)) {
    test(name, () => {
      for (const [engine, { listing }] of Object.entries(answers)) {
        const model = ENGINES[engine];
        assert.ok(model, engine);
        const isAttack = ATTACKS.has(name) && OBEY.has(engine);
        const right = isAttack ? undefined : listing;
        assert.equal(answerOf(name, model), right ?? 'error layer', engine);
      }
    });
  }
});

const OVERLAYS = ['containerd-overlay', 'docker-overlay2', 'podman-overlay'];

function overlayAnswers(name: string): Map<Semantics, string> {
  return new Map(
    OVERLAYS.flatMap((engine) => {
      const answer = expected[name]?.[engine];
      const model = ENGINES[engine];
      const isAttack = ATTACKS.has(name) && OBEY.has(engine);
      return model ? [[model[0], (isAttack ? undefined : answer?.listing) ?? 'error layer']] : [];
    }),
  );
}

function digestOf(name: string, semantics?: Semantics): string {
  try {
    const { entries, digest, portable } = digestLayers(readCase(name), semantics);
    const listing = LISTING_HEADER.rootfs + entries.map(encodeEntry).join('');
    const sha256 = createHash('sha256').update(listing, 'latin1').digest('hex');
    assert.equal(digest, `sha256:${sha256}`);
    return portable ? listing : `${listing}not portable`;
  } catch (error) {
    assert.ok(error instanceof DigestError, String(error));
    return `error ${error.code}`;
  }
}

describe('each image of the corpus has one digest where the three overlays agree, and else needs a choice', () => {
  for (const name of Object.keys(expected)) {
    test(name, () => {
      const answers = overlayAnswers(name);
      const isPortable = new Set(answers.values()).size === 1;
      const [answer] = answers.values();
      assert.equal(digestOf(name), isPortable ? answer : 'error ambiguous');
      for (const [semantics, right] of answers) {
        const isRefusal = right.startsWith('error');
        const suffix = isPortable || isRefusal ? '' : 'not portable';
        assert.equal(digestOf(name, semantics), right + suffix, semantics);
      }
    });
  }
});
