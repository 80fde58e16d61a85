// What engines throw: a sentence for the person in front of the page.

export class EngineError extends Error {
  /**
   * @param {string} message one or more whole sentences: what happened, what to do.
   * @param {{kind?: "input"|"busy"|"token"|"gone"|"broken", retryAfter?: number|null}} [more]
   */
  constructor(message, { kind = "broken", retryAfter = null } = {}) {
    super(message);
    this.name = "EngineError";
    this.kind = kind;
    this.retryAfter = retryAfter; // seconds, of kind busy
  }
}
