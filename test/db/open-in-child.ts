/** Opens the project named on the command line, says how that went in one line, and holds it until its input ends. */
import { reportOf } from '../../app/core/errors.ts';
import { openProject } from '../../app/project.ts';

try {
  const project = openProject(process.argv[2]!, { user: process.argv[3] ?? 'child' });
  console.log('open');
  process.stdin.resume().on('end', () => project.close());
} catch (thrown) {
  console.log(reportOf(thrown).code);
}
