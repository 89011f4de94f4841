import { ToolError } from '#tools/errors';

const NAMED = 5;

/**
 * The container that a person means by `id`: the one of exactly that id, else the only one that begins so.
 *
 * @throws ToolError `unknown-container`: none, or several
 */
export function findContainer<T extends { readonly id: string }>(
  containers: readonly T[],
  id: string,
): T {
  const exact = containers.find((container) => container.id === id);
  if (exact !== undefined) return exact;
  const found = containers.filter((container) => id !== '' && container.id.startsWith(id));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const quoted = JSON.stringify(id);
  if (found.length === 0) {
    throw new ToolError('unknown-container', `no container has the id ${quoted}`, {
      hint: 'see `oci-measure containers`: podman and Docker tell ids to the hook, not names (`podman ps --no-trunc`); one that is gone and was not measured stands in `oci-measure log`, if the hook saw it',
    });
  }
  const named = found.slice(0, NAMED).map((container) => JSON.stringify(container.id));
  const more = found.length > NAMED ? ', …' : '';
  throw new ToolError(
    'unknown-container',
    `${found.length} containers have an id that begins with ${quoted}: ${named.join(', ')}${more}`,
  );
}
