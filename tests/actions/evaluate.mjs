// Evaluates expressions with GitHub's own library. Standard input: {contexts, expressions}; output: a list of {value} or {error}.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { Parser, Lexer, Evaluator, data } = await import(pathToFileURL(process.argv[2]).href);
const { contexts, expressions } = JSON.parse(readFileSync(0, "utf8"));
const context = JSON.parse(JSON.stringify(contexts), data.reviver);

function plain(value) {
  return JSON.parse(JSON.stringify(value, data.replacer));
}

function evaluate(text) {
  try {
    const tokens = new Lexer(text).lex().tokens;
    const parsed = new Parser(tokens, Object.keys(contexts), []).parse();
    const value = new Evaluator(parsed, context).evaluate();
    return { value: plain(value) };
  } catch (error) {
    return { error: String(error.message ?? error) };
  }
}

process.stdout.write(JSON.stringify(expressions.map(evaluate)));
