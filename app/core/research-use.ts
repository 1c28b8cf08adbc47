/** The sentence that every report, export and legend carries. */
export const researchUseOnly = 'For research use only. Not for use in diagnostic procedures.';
