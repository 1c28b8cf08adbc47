/** A network drawn as its layer groups, with what each of them costs. */

export interface GroupCost {
  readonly name: string;
  /** Names of its layers, from the input up. */
  readonly layers: readonly string[];
  /** Of its output. */
  readonly sidePx: number;
  readonly channels: number;
  /** Numbers that its layers put out for one picture, one each for convolution, bias and activation: what training keeps. */
  readonly values: number;
  /** Biases apart, which are few. */
  readonly weights: number;
  /** For one picture, forward. */
  readonly multiplyAdds: number;
}

/** From the input up. */
export interface NetworkMap {
  readonly name: string;
  readonly title: string;
  readonly groups: readonly GroupCost[];
}
