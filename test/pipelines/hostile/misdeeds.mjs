/** The misdeeds by name; the test writes this file anew, from `node-misdeeds.ts`. */
export const misdeeds = {};
