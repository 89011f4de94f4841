/** Made by integration/images/make-images.sh. */
const images = '/var/lib/oci-measure-test/cache/images-test';

/** A Debian root filesystem in one layer, by umoci and GNU tar. */
export const oneLayer = {
  gzip: `${images}/debian`,
  ociArchive: `${images}/debian.tar`,
};

/** What layers can do to each other, in twelve of them, by buildah and umoci, in every form that tools save an image in. */
export const manyLayers = {
  gzip: `${images}/gzip`,
  zstd: `${images}/zstd`,
  plain: `${images}/plain`,
  mislabelled: `${images}/mislabelled`,
  squashed: `${images}/squashed`,
  ociArchive: `${images}/oci.tar`,
  dockerArchive: `${images}/docker.tar`,
};
