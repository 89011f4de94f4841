/** Whether both name the same image as Docker reads names: `debian` is `docker.io/library/debian:latest`. */
export function isSameRepoTag(a: string, b: string): boolean {
  return wholeName(a) === wholeName(b);
}

/** Docker's distribution/reference: a first component without dot and colon is no host, and what has no host is Docker Hub's. */
function wholeName(name: string): string {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(0, slash));
  const hasHost = /[.:]/.test(first) || first === 'localhost';
  const host = hasHost && first !== 'index.docker.io' ? first : 'docker.io';
  const path = hasHost ? name.slice(slash + 1) : name;
  const repository = host === 'docker.io' && !path.includes('/') ? `library/${path}` : path;
  const hasTag = repository.lastIndexOf(':') > repository.lastIndexOf('/');
  return `${host}/${repository}${hasTag ? '' : ':latest'}`;
}
