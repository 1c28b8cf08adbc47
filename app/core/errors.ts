/** The one error type that Eosin throws on purpose: what happened, what kind of trouble it is, and a way out. */

/** Decides the exit code (cli) and the HTTP status (api); both mappings stand in one place each. */
export type ErrorKind =
  | 'usage' // the caller asked wrongly: exit 64, HTTP 400
  | 'input' // a file or its contents are not usable: exit 65, HTTP 422
  | 'missing' // no such slide, run, model: exit 65, HTTP 404
  | 'conflict' // held or changed by somebody else: exit 75, HTTP 409
  | 'retry' // may work later (disk full, worker died): exit 75, HTTP 503
  | 'config' // this installation lacks something: exit 78, HTTP 501
  | 'cancelled' // the user stopped it; never shown as an error: exit 130, HTTP 499
  | 'internal'; // a bug of ours: exit 70, HTTP 500

export type ErrorFields = Record<string, string | number | boolean | null>;

/** The plain form in which an error crosses a process or HTTP boundary. */
export interface ErrorReport {
  code: string;
  kind: ErrorKind;
  message: string;
  remedy: string;
  fields: ErrorFields;
}

/** A failure with a stable `code` such as `slide/truncated`, one sentence of cause and one of remedy. */
export class EosinError extends Error {
  override readonly name = 'EosinError';
  readonly code: string;
  readonly kind: ErrorKind;
  /** What the user can do now; shown beside the message. */
  readonly remedy: string;
  readonly fields: ErrorFields;

  constructor(
    code: string,
    kind: ErrorKind,
    message: string,
    options: { remedy: string; fields?: ErrorFields; cause?: unknown },
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.kind = kind;
    this.remedy = options.remedy;
    this.fields = options.fields ?? {};
  }

  toReport(): ErrorReport {
    return { code: this.code, kind: this.kind, message: this.message, remedy: this.remedy, fields: this.fields };
  }

  static fromReport(report: ErrorReport): EosinError {
    return new EosinError(report.code, report.kind, report.message, { remedy: report.remedy, fields: report.fields });
  }
}

/** Any thrown value as a report; what is not an EosinError is a bug of ours and says what is safe. */
export function reportOf(thrown: unknown): ErrorReport {
  if (thrown instanceof EosinError) return thrown.toReport();
  if (isAbort(thrown)) return cancelled().toReport();
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return {
    code: 'internal/unexpected',
    kind: 'internal',
    message,
    remedy: 'What was saved is safe. Try again; if it comes back, run the command with --verbose and report it.',
    fields: {},
  };
}

/** True for the abort that a user's cancel causes, which is not an error. */
export function isAbort(thrown: unknown): boolean {
  if (thrown instanceof EosinError) return thrown.kind === 'cancelled';
  return thrown instanceof Error && thrown.name === 'AbortError';
}

/** A run stopped by itself to be asked about; it goes on with the answer. */
export function paused(): EosinError {
  return new EosinError('job/paused', 'cancelled', 'The run waits for an answer.', {
    remedy: 'Say how it is to go on.',
  });
}

export function cancelled(): EosinError {
  return new EosinError('job/cancelled', 'cancelled', 'Cancelled.', { remedy: 'The same command goes on from here.' });
}
