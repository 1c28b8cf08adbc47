/** Patches with less tissue than this are glass: not predicted, unless the model learned a class from glass. */
export const leastTissue = 0.05;
