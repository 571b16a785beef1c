/* faults.h - what the script does wrong to the processor */
#ifndef SCRIPT_FAULTS_H
#define SCRIPT_FAULTS_H

/*
 * From now on a fault of the script, and the end of the test's time, are told to the world with the line, and end the
 * process.
 */
void faults_catch(void);

#endif
