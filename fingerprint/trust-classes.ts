/** What an overlay may add, by its gravest part. Taking away is always allowed, and so is binding parameters. */
export const widenClasses = [
  'programs',
  'arguments',
  'load',
  'files.read',
  'files.write',
  'connect',
  'listen',
  'resolve',
  'privileges',
  'sensitive',
  'never-learnable',
] as const;
export type WidenClass = (typeof widenClasses)[number];

/** What a vendor may never grant alone: entries of these classes grant nothing until the site has approved them. */
export const ceilingClasses = ['shells', 'wildcard-egress', 'never-learnable', 'sensitive'] as const;
export type CeilingClass = (typeof ceilingClasses)[number];
