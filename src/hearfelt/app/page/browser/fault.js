// What goes wrong in the browser's engine: the key of a sentence in texts.js, so that the worker needs no texts.

export class Fault extends Error {
  /**
   * @param {string} key of texts.js.
   * @param {object} [values] for its places.
   * @param {"input"|"broken"|"gone"} [kind] as of EngineError.
   */
  constructor(key, values = {}, kind = "broken") {
    super(key);
    this.name = "Fault";
    this.key = key;
    this.values = values;
    this.kind = kind;
  }
}
