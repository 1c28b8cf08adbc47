/** The four classes of the example slides; a class's place in this list is its value in the truth. */
export const demoClasses = [
  { name: 'glands', colour: '#0072b2' },
  { name: 'stroma', colour: '#e69f00' },
  { name: 'lymphocytes', colour: '#009e73' },
  { name: 'background', colour: '#cc79a7' },
] as const;

export type DemoClassName = (typeof demoClasses)[number]['name'];

export const glands = 0;
export const stroma = 1;
export const lymphocytes = 2;
export const background = 3;
