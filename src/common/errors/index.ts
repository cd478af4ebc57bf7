export { ApiProblems, PROBLEM_MEDIA_TYPE } from './api-problems.decorator.js';
export { PROBLEM_CATALOGUE, PROBLEM_CODES, type ProblemCode, type ProblemEntry } from './catalogue.js';
export { ProblemFilter, toProblem } from './problem.filter.js';
export { Problem, type FieldError, type ProblemDocument, type ProblemOptions } from './problem.js';
