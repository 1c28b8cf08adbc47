import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { EosinError } from '../../app/core/errors.ts';
import type { ColourMode, IccProfile } from '../../app/core/slide.ts';
import { checkModelFits, type FitOverride } from '../../app/passports/guards.ts';

interface Case {
  readonly what: string;
  readonly model: number | null;
  readonly slide: number | null;
  readonly override?: FitOverride;
  readonly stain?: string;
  readonly colour?: ColourMode;
  readonly icc?: IccProfile;
  /** The downsample, or the code of the refusal. */
  readonly gives: number | string;
  readonly warnings?: number;
}

const profile: IccProfile = { description: 'scanner', bytes: 500 };

const table: readonly Case[] = [
  { what: 'same scale', model: 0.5, slide: 0.5, gives: 1 },
  { what: 'a 40x slide under a 20x model is resampled', model: 0.5, slide: 0.25, gives: 2 },
  { what: 'far finer', model: 2, slide: 0.25, gives: 8 },
  { what: 'a little finer', model: 0.5, slide: 0.499, gives: 0.5 / 0.499 },
  { what: 'a little coarser passes unsaid', model: 0.5, slide: 0.505, gives: 1 },
  { what: '10 % coarser passes with a warning', model: 0.5, slide: 0.55, gives: 1, warnings: 1 },
  { what: '20 % coarser is the limit', model: 0.5, slide: 0.6, gives: 1, warnings: 1 },
  { what: '21 % coarser', model: 0.5, slide: 0.605, gives: 'model/too-coarse' },
  { what: 'a 20x slide under a 40x model', model: 0.25, slide: 0.5, gives: 'model/too-coarse' },
  { what: 'slide of unknown mpp', model: 0.5, slide: null, gives: 'model/unknown-mpp' },
  { what: 'slide that says 0', model: 0.5, slide: 0, gives: 'model/unknown-mpp' },
  { what: 'both unknown', model: null, slide: null, gives: 'model/unknown-mpp' },
  { what: 'model of unknown mpp', model: null, slide: 0.5, gives: 'model/unknown-model-mpp' },
  {
    what: 'model of unknown mpp, set by hand',
    model: null,
    slide: 0.25,
    override: { modelMpp: 0.5 },
    gives: 2,
    warnings: 1,
  },
  { what: 'by hand, too coarse', model: null, slide: 0.5, override: { modelMpp: 0.25 }, gives: 'model/too-coarse' },
  { what: 'a known mpp is not overruled', model: 0.5, slide: 0.5, override: { modelMpp: 0.25 }, gives: 1, warnings: 1 },
  { what: 'the same stain, written otherwise', model: 0.5, slide: 0.5, stain: 'h & e', gives: 1 },
  { what: 'another stain', model: 0.5, slide: 0.5, stain: 'PAS', gives: 'model/wrong-stain' },
  {
    what: 'another stain, allowed',
    model: 0.5,
    slide: 0.5,
    stain: 'PAS',
    override: { anyStain: true },
    gives: 1,
    warnings: 1,
  },
  { what: 'colours through a profile', model: 0.5, slide: 0.5, colour: 'srgb', icc: profile, gives: 1 },
  { what: 'colours as scanned, whatever profile there is', model: 0.5, slide: 0.5, icc: profile, gives: 1 },
  {
    what: 'colours through a profile that is not there',
    model: 0.5,
    slide: 0.5,
    colour: 'srgb',
    gives: 'model/no-profile',
  },
  {
    what: 'no profile, allowed',
    model: 0.5,
    slide: 0.5,
    colour: 'srgb',
    override: { anyColour: true },
    gives: 1,
    warnings: 1,
  },
];

function modelOf(mpp: number | null, stains: string[] = [], colour: ColourMode = 'stored') {
  return { name: 'm', mpp, stains, recipe: { input: { colour } } };
}

for (const { what, model, slide, override, stain = '', colour, icc = null, gives, warnings = 0 } of table) {
  test(what, () => {
    const check = () => checkModelFits(modelOf(model, ['H&E'], colour), { mpp: slide, stain, icc }, override);
    if (typeof gives === 'string') {
      assert.throws(check, (error: EosinError) => {
        assert.equal(error.code, gives);
        assert.ok(error.remedy.length > 20, 'a refusal says the way out');
        return true;
      });
      return;
    }
    const fit = check();
    assert.ok(Math.abs(fit.downsample - gives) < 1e-12, `downsample ${fit.downsample}`);
    assert.equal(fit.warnings.length, warnings, fit.warnings.join(' '));
    assert.equal(fit.colour, icc && colour ? colour : 'stored');
  });
}

test('what passes is read within 20 % of the scale of the model, and never finer than it was scanned', () => {
  const mpp = fc.double({ min: 0.05, max: 20, noNaN: true });
  fc.assert(
    fc.property(mpp, mpp, (modelMpp, slideMpp) => {
      try {
        const fit = checkModelFits(modelOf(modelMpp), { mpp: slideMpp, stain: '', icc: null });
        assert.ok(fit.downsample >= 1);
        assert.ok(Math.abs(fit.mpp - slideMpp * fit.downsample) < 1e-9);
        assert.ok(fit.mpp <= modelMpp * 1.2 + 1e-9 && fit.mpp >= modelMpp - 1e-9);
      } catch (error) {
        assert.equal((error as EosinError).code, 'model/too-coarse');
        assert.ok(slideMpp > modelMpp * 1.2);
      }
    }),
  );
});
