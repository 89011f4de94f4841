import type { ByteString } from '#digest/entry';
import { PATH_MAX } from '#digest/linux-limits';
import { joinPath } from '#digest/listing-path';
import { cleanInRoot, parentOf } from './clean-path.ts';
import type { DirectoryInode } from './inode.ts';
import { type LookupFailure, type LookupRules, lookupPath, targetOf } from './lookup-path.ts';
import type { StepBudget } from './step-budget.ts';

export interface RootPath {
  /** Clean, below the root, no link among its components. */
  readonly path: ByteString;
  readonly followedAbsoluteLink: boolean;
  /** A relative link led above the root before any absolute one was followed. */
  readonly escapedBefore: boolean;
}

/** Texts are taken apart and joined for it. */
const STEPS_PER_COMPONENT = 10;
const MAX_LINKS = 255;
/** lstat(2) of the host: what lies outside of the root is not known and taken for absent. */
const HOST: LookupRules = { maxLinks: 40, outside: 'escapes', maxLength: PATH_MAX - 1 };

/**
 * RootPath() of containerd's continuity (fs/path.go), which moby has copied: it replaces links by their targets again and again, and resolves
 * `..` in the text, not in the tree. So `..` behind a link leads elsewhere than for the kernel.
 */
export function rootPath(
  root: DirectoryInode,
  path: ByteString,
  budget: StepBudget,
): RootPath | LookupFailure {
  const walk: Walk = {
    root,
    budget,
    links: 0,
    followedAbsoluteLink: false,
    escapedBefore: false,
  };
  for (let current = path; ; ) {
    const before = walk.links;
    const next = replaceLinks(walk, current);
    if (next.failure !== undefined) return next.failure;
    const cleaned = `/${cleanInRoot(next.path)}`;
    if (before === walk.links && next.path === cleaned) {
      const { followedAbsoluteLink, escapedBefore } = walk;
      return { path: cleaned.slice(1), followedAbsoluteLink, escapedBefore };
    }
    current = before === walk.links ? cleaned : next.path;
  }
}

interface Walk {
  readonly root: DirectoryInode;
  readonly budget: StepBudget;
  links: number;
  followedAbsoluteLink: boolean;
  escapedBefore: boolean;
}

interface Step {
  readonly path: ByteString;
  readonly isLink?: boolean;
  readonly failure?: LookupFailure;
}

/** walkLinks(): one round, left to right. */
function replaceLinks(walk: Walk, path: ByteString): Step {
  walk.budget.spend(path.length);
  let current: ByteString | undefined = path.startsWith('/') ? '/' : undefined;
  // What a link has put there is cleaned with the next name, but not again with every one: that would be quadratic.
  let isClean = current === '/';
  for (const name of path.split('/')) {
    if (name === '') continue;
    const cleaned: ByteString =
      current !== undefined && isClean
        ? extend(current, name)
        : cleanInRoot(`${current ?? ''}/${name}`);
    const step = replaceLink(walk, cleaned);
    if (step.failure !== undefined) return step;
    isClean = step.isLink !== true;
    if (step.isLink === true) walk.budget.spend(step.path.length + (current ?? '').length);
    const isRelativeLink = step.isLink === true && !step.path.startsWith('/');
    current = isRelativeLink && current !== undefined ? join(current, step.path) : step.path;
  }
  return { path: current ?? '/' };
}

/** @param current clean behind its slash */
function extend(current: ByteString, name: ByteString): ByteString {
  const path = current.slice(1);
  if (name === '.') return path;
  return name === '..' ? parentOf(path) : joinPath(path, name);
}

/** Go's filepath.Join(): a relative path stays relative and may start with `..`. */
function join(directory: ByteString, path: ByteString): ByteString {
  if (directory.startsWith('/')) return `/${cleanInRoot(`${directory}/${path}`)}`;
  const components: ByteString[] = [];
  for (const component of `${directory}/${path}`.split('/')) {
    if (component === '' || component === '.') continue;
    if (component === '..' && components.length > 0 && components.at(-1) !== '..') components.pop();
    else components.push(component);
  }
  return components.join('/') || '.';
}

/** walkLink() */
function replaceLink(walk: Walk, cleaned: ByteString): Step {
  if (walk.links > MAX_LINKS) return { path: cleaned, failure: 'ELOOP' };
  walk.budget.spend(STEPS_PER_COMPONENT);
  if (cleaned === '') return { path: '/' };
  const found = lookupPath(walk.root, cleaned, HOST, 'stay', walk.budget);
  if (typeof found === 'string' && found !== 'ENOENT' && found !== 'escapes') {
    return { path: cleaned, failure: found };
  }
  if (typeof found === 'string' || found.kind !== 'link') return { path: `/${cleaned}` };
  walk.links++;
  const target = targetOf(found);
  if (target.startsWith('/')) walk.followedAbsoluteLink = true;
  else if (!walk.followedAbsoluteLink) walk.escapedBefore ||= leadsOut(cleaned, target);
  return { path: target, isLink: true };
}

/** Whether what the link names, by the text alone, lies above the root. */
function leadsOut(link: ByteString, target: ByteString): boolean {
  const joined = join(parentOf(link), target);
  return joined === '..' || joined.startsWith('../');
}
