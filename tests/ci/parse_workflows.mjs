// Reads workflows as GitHub's own editor does; ends with 1 when it has anything to say.
import { readFileSync } from "node:fs";
import { NoOperationTraceWriter, convertWorkflowTemplate, parseWorkflow } from "@actions/workflow-parser";

let problems = 0;
for (const name of process.argv.slice(2)) {
  const content = readFileSync(name, "utf8");
  const { context, value } = parseWorkflow({ name, content }, new NoOperationTraceWriter());
  const errors = [...context.errors.getErrors()];
  if (value) {
    errors.push(...((await convertWorkflowTemplate(context, value)).errors ?? []));
  }
  for (const error of errors) {
    problems += 1;
    console.log(error.message ?? error.Message);
  }
}
process.exit(problems ? 1 : 0);
