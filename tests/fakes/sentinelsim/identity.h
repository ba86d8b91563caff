#ifndef IDENTITY_H
#define IDENTITY_H

struct request;

/**
 * Answer a managed identity's token endpoint: an Azure VM's (IMDS) and an Arc
 * server's under /metadata/identity/oauth2/token, App Service's under
 * /msi/token.
 */
void identity_serve(struct request *q);

#endif
